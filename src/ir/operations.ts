/**
 * The operations that a forward program is made of, one row each: its fields, what it reads, which of that are parameters, and its matrix
 * products. The types follow from the table, so that an operation is added here and in the rules of the runtimes that lower it
 * (`runtimes/pytorch/rules.ts`, `runtimes/tfjs/rules.ts`, `runtimes/xla/forward.ts` and `backward.ts`).
 */
import { type Axis, axis, type Shape } from './shape.js';
import type { ActivationFunction, BlockAttentionVariant, EdgeSet, Endpoints, Value, ValueId } from './types.js';

/** One matrix product; its multiply-adds are the elements of `shape`, `[rows, batch, in, out]`. */
export interface Product {
  readonly shape: Shape;
  /** Products of the same size in the backward pass: the weight's gradient, and the input's where a gradient flows on. */
  readonly numBackward: number;
}

interface Row<Fields> {
  /** Rows, indices and data, in the order in which the caller hands them over; parameters excepted. */
  readonly reads: (fields: Fields) => readonly ValueId[];
  readonly parameters?: (fields: Fields) => readonly ValueId[];
  readonly products?: (fields: Fields, values: readonly Value[]) => readonly Product[];
  /** No gradient flows through it. */
  readonly stopsGradient?: true;
}

const row = <Fields>(stated: Row<Fields>): Row<Fields> => stated;

interface OneInput {
  readonly input: ValueId;
}
interface SeveralInputs {
  readonly inputs: readonly ValueId[];
}
interface AlongEdges extends OneInput {
  readonly endpoints: Endpoints;
}
interface TwoSides {
  readonly left: ValueId;
  readonly right: ValueId;
  /** The result is written over `left`. PyTorch only. */
  readonly inPlace?: true;
}
interface WithScalar extends OneInput {
  readonly scalar: number;
}

const readsInput = { reads: ({ input }: OneInput) => [input] };
const readsInputs = { reads: ({ inputs }: SeveralInputs) => inputs };
const readsBoth = { reads: ({ left, right }: TwoSides) => [left, right] };
const readsInputAndIndex = {
  reads: ({ input, endpoints: { index } }: AlongEdges) => (index === undefined ? [input] : [input, index]),
};

/** The backward pass has one for the weight's gradient, and one for that of the rows where a gradient flows on. */
const rowsTimes = (rows: Value, weight: Value): readonly Product[] => [
  { shape: [...rows.shape.slice(0, 2), ...weight.shape], numBackward: rows.differentiable ? 2 : 1 },
];

/** Pieces, one per card, that lie beside input and result of a `collective` for a moment. */
export interface Exchange {
  /** Copies of what every card is sent. */
  readonly sent: readonly Shape[];
  /** What comes from every card, before it is put together. */
  readonly received: readonly Shape[];
  /** What comes, joined before it is added to something. */
  readonly joined?: Shape;
}

const table = {
  /** `input [rows, in] · weight [in, out] + bias [out]`. */
  linear: row<{ readonly input: ValueId; readonly weight: ValueId; readonly bias?: ValueId }>({
    ...readsInput,
    parameters: ({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias]),
    products: ({ input, weight }, values) => rowsTimes(values[input]!, values[weight]!),
  }),
  activation: row<{
    readonly function: ActivationFunction;
    readonly input: ValueId;
    /** PhysicsNeMo's recompute_activation: the Linear that follows keeps this operation's input only. */
    readonly recomputed: boolean;
  }>(readsInput),
  layerNorm: row<{
    readonly input: ValueId;
    readonly scale: ValueId;
    readonly offset: ValueId;
    /** Mixed precision: the result is cast back to the input's type (anemoi's AutocastLayerNorm). */
    readonly keepsType?: boolean;
  }>({ ...readsInput, parameters: ({ scale, offset }) => [scale, offset] }),
  /** A LayerNorm without offset, or without both: what conditional norms and norms of queries and keys are made of. XLA: of denoisers. */
  normalize: row<{
    readonly input: ValueId;
    readonly scale?: ValueId;
    readonly keepsType?: boolean;
    /** Each of that many equal parts of a row is normalized by itself. */
    readonly parts?: Axis;
  }>({ ...readsInput, parameters: ({ scale }) => (scale === undefined ? [] : [scale]) }),
  /**
   * `input · (1 + a) + b`, where `[a, b] = code · weight + bias` is one row per sample: `code` `[1, batch, width of the code]`, `weight`
   * `[width of the code, 2 · columns]`. XLA only (GenCast's LinearNormConditioning).
   */
  condition: row<{
    readonly input: ValueId;
    readonly code: ValueId;
    readonly weight: ValueId;
    readonly bias: ValueId;
  }>({
    reads: ({ input, code }) => [input, code],
    parameters: ({ weight, bias }) => [weight, bias],
    products: ({ code, weight }, values) => rowsTimes(values[code]!, values[weight]!),
  }),
  /** The bias of a layer whose products have none: `[rows, width] + [width]`. */
  addBias: row<{ readonly input: ValueId; readonly bias: ValueId }>({
    ...readsInput,
    parameters: ({ bias }) => [bias],
  }),
  /** Node rows to edge rows. */
  gather: row<AlongEdges>(readsInputAndIndex),
  /** Edge rows summed into node rows. */
  segmentSum: row<AlongEdges>(readsInputAndIndex),
  /** Edge rows to node rows, the largest of each receiver's; no gradient flows through it. */
  segmentMax: row<AlongEdges>({ ...readsInputAndIndex, stopsGradient: true }),
  /** Along the last axis. */
  concat: row<SeveralInputs>(readsInputs),
  add: row<TwoSides>(readsBoth),
  subtract: row<TwoSides>(readsBoth),
  multiply: row<TwoSides>(readsBoth),
  divide: row<TwoSides>(readsBoth),
  /** `input · scalar` */
  scale: row<WithScalar>(readsInput),
  /** `input + scalar` */
  shift: row<WithScalar>(readsInput),
  exp: row<OneInput>(readsInput),
  absolute: row<OneInput>(readsInput),
  /** Over whatever axes the output lacks. PyTorch only. */
  sum: row<OneInput>(readsInput),
  /** Over whatever axes the output lacks. PyTorch only. */
  mean: row<OneInput>(readsInput),
  /** The same numbers along an axis more, without a copy. PyTorch only. */
  expandAxis: row<OneInput>(readsInput),
  /** Columns by a list of numbers, which goes to the device with every call. PyTorch only. */
  selectColumns: row<OneInput>(readsInput),
  /** Zeros of that shape and type. PyTorch only. */
  zerosLike: row<OneInput>({ ...readsInput, stopsGradient: true }),
  /** `[rows, hiddenDim] → [rows, heads]`: the sum over each head's `hiddenDim / heads` columns. */
  headSum: row<OneInput>(readsInput),
  /** `[rows, hiddenDim] · [rows, heads]`: each head's columns times that head's weight. */
  headScale: row<{ readonly input: ValueId; readonly weights: ValueId }>({
    reads: ({ input, weights }) => [input, weights],
  }),
  /** The fused concat trick: `edges + senders[s] + receivers[r]` in one kernel. */
  gatherAdd: row<{
    readonly edges: ValueId;
    readonly senders: ValueId;
    readonly receivers: ValueId;
    readonly edgeSet: EdgeSet;
  }>({ reads: ({ edges, senders, receivers }) => [edges, senders, receivers] }),
  /**
   * One kernel for what `attention.ts` writes in small operations: softmax over each receiver's incoming edges of `q·(k + e)` per head,
   * times `v + e`. `[nodes, hiddenDim]` query, key and value, `[edges, hiddenDim]` edge term. PyTorch only (anemoi's Triton kernel).
   */
  graphAttention: row<{
    readonly query: ValueId;
    readonly key: ValueId;
    readonly value: ValueId;
    readonly edgeTerm: ValueId;
    readonly heads: number;
    /** Sorted node numbers and row pointers, which its backward reads. */
    readonly indices: readonly ValueId[];
  }>({ reads: ({ query, key, value, edgeTerm, indices }) => [query, key, value, edgeTerm, ...indices] }),
  /**
   * Softmax attention of every query row over all key rows of its sample, or over a window of them: one kernel of PyTorch's or of
   * flash-attn. `[queries, hiddenDim]`, `[keys, hiddenDim]` twice → `[queries, hiddenDim]`. PyTorch only.
   */
  rowAttention: row<{
    readonly query: ValueId;
    readonly key: ValueId;
    readonly value: ValueId;
    /** Which pairs count, from `attentionMask`: the kernel then reads a bias of the mask's size. */
    readonly mask?: ValueId;
    readonly kernel: 'flash' | 'memory-efficient';
    /** How many key rows a query row looks at. */
    readonly attended: Axis;
    /** The heads that this card attends with; absent: all. */
    readonly heads?: Axis;
  }>({
    reads: ({ query, key, value, mask }) => [query, key, value, ...(mask === undefined ? [] : [mask])],
    // Scores and weighted values, each over the attended rows.
    products: ({ query, attended }, values) => {
      const product = { shape: [...values[query]!.shape, attended], numBackward: 2 };
      return [product, product];
    },
  }),
  /** `[queries, keys]`, a byte per pair: made in the first step and kept for good. PyTorch only. */
  attentionMask: row<{ readonly queries: ValueId; readonly keys: ValueId }>({
    reads: ({ queries, keys }) => [queries, keys],
    stopsGradient: true,
  }),
  /** Normal noise times its deviation, ones times a number, or zeros: fp32 whatever the precision. PyTorch only. */
  generate: row<{ readonly what: 'noise' | 'constant' | 'zeros' }>({ reads: () => [] }),
  /**
   * Softmax attention between nodes that a mask allows, dense in blocks: `[rows, hiddenDim]` query, key and value. `triblockdiag`: rows in
   * `attentionBlocks` blocks of `attentionBlock`, each of which looks at itself and at the blocks before and after it; `mha`: all pairs. XLA
   * only (GenCast's sparse_transformer.py).
   */
  blockAttention: row<{
    readonly query: ValueId;
    readonly key: ValueId;
    readonly value: ValueId;
    readonly variant: BlockAttentionVariant;
  }>({
    reads: ({ query, key, value }) => [query, key, value],
    // Over every pair of rows that it computes: one product of query and key, one of weight and value, all heads together.
    products: ({ query }, values) => {
      const [, samples, columns] = values[query]!.shape;
      const product = { shape: [axis('attentionPairs'), samples!, columns!], numBackward: 2 };
      return [product, product];
    },
  }),
  /** Rows of zeros behind the rows, or rows cut off behind: as many as the output has. XLA only. */
  resizeRows: row<OneInput>(readsInput),
  /** Whole numbers that a code base derives from its graph in every step: edge indices, row pointers, sort orders. PyTorch only. */
  integers: row<SeveralInputs & { /** The first step makes them and the module keeps them. */ readonly once?: true }>(
    readsInputs,
  ),
  /** A new array of the same numbers, in the type of `like` where it is given. PyTorch only. */
  copy: row<{
    readonly input: ValueId;
    readonly like?: ValueId;
    /** One sample lies as it is wanted: a view. */
    readonly ofSeveralSamples?: boolean;
  }>(readsInput),
  /** One copy per sample of rows that all samples share; a view where there is one sample. PyTorch only. */
  repeat: row<OneInput>(readsInput),
  /** Rows that all samples share, for every sample: a view, or with `copies` one copy per sample where there are several. PyTorch only. */
  expand: row<{ readonly input: ValueId; readonly copies?: boolean }>(readsInput),
  /** Memory that `write` fills later; in the short type under mixed precision, else in that of `like`. PyTorch only. */
  empty: row<{ readonly like: ValueId }>({ reads: () => [] }),
  /** `rows` written into memory that is there already; the output is that memory. PyTorch only. */
  write: row<{ readonly into: ValueId; readonly rows: ValueId }>({ reads: ({ into, rows }) => [into, rows] }),
  /** `input[:, columns] += addend[:, other columns]` in place; `columns` is a symbol. PyTorch only. */
  addColumns: row<{ readonly input: ValueId; readonly addend: ValueId; readonly columns: string }>(readsInput),
  /** Rows under another name, without a copy; the backward pass makes one. PyTorch only. */
  slice: row<{
    readonly input: ValueId;
    /** The row symbol of the other part, where the backward pass joins the gradient with that many rows of zeros. */
    readonly rest?: string;
  }>(readsInput),
  /**
   * What the cards of one model hand each other, and its gradient:
   * `cut`: this card's rows of rows that all cards have · `gather`: the rows of all cards, their gradients summed over the cards ·
   * `transpose`: all columns of some rows become some columns of all rows, or the other way round · `halo`: this card's rows, and behind
   * them those of others that it asked for. PyTorch only.
   */
  collective: row<{
    readonly pattern: 'cut' | 'gather' | 'transpose' | 'halo';
    readonly input: ValueId;
    readonly forward: Exchange;
    readonly backward: Exchange;
  }>(readsInput),
  /** Latitude-weighted mean squared error, a scalar. */
  loss: row<{
    readonly prediction: ValueId;
    readonly target: ValueId;
    /** One kernel without weights (torch's mse_loss); absent: the weighted loss of the GraphCast code bases. */
    readonly kernel?: 'mse';
  }>({ reads: ({ prediction, target }) => [prediction, target] }),
};

type Table = typeof table;
export type OperationKind = keyof Table;
type FieldsOf<Kind extends OperationKind> = Table[Kind] extends Row<infer Fields> ? Fields : never;

/** As a builder is given it: without its output. */
export type Unnamed = { [Kind in OperationKind]: { readonly kind: Kind } & FieldsOf<Kind> }[OperationKind];

/** An operation of one of these kinds. */
export type OperationOf<Kinds extends OperationKind> = {
  [Kind in Kinds]: { readonly kind: Kind; readonly output: ValueId } & FieldsOf<Kind>;
}[Kinds];

export type Operation = OperationOf<OperationKind>;

const rowOf = ({ kind }: Unnamed): Row<Unnamed> => table[kind] as Row<unknown>;

export const readsOf = (operation: Unnamed): readonly ValueId[] => rowOf(operation).reads(operation);

export const parametersOf = (operation: Unnamed): readonly ValueId[] => rowOf(operation).parameters?.(operation) ?? [];

export const productsOf = (operation: Unnamed, values: readonly Value[]): readonly Product[] =>
  rowOf(operation).products?.(operation, values) ?? [];

export const stopsGradient = (operation: Unnamed): boolean => rowOf(operation).stopsGradient ?? false;
