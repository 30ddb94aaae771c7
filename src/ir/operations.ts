/**
 * What is known of each operation whatever runs it, one row each: what it reads, which of that are parameters, and its matrix products.
 * How a runtime lowers it stands in that runtime's own table (`runtimes/pytorch/rules.ts`, `runtimes/tfjs/rules.ts`,
 * `runtimes/xla/forward.ts` and `backward.ts`), so that a new operation is a type in `types.ts`, a row here and one rule per runtime.
 */
import type { Node } from './forward-program.js';
import { axis, type Shape } from './shape.js';
import type { Endpoints, Operation, Value, ValueId } from './types.js';

type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** One matrix product; its multiply-adds are the elements of `shape`, `[rows, batch, in, out]`. */
export interface Product {
  readonly shape: Shape;
  /** Products of the same size in the backward pass: the weight's gradient, and the input's where a gradient flows on. */
  readonly numBackward: number;
}

interface Row<Kind extends Operation['kind']> {
  /** Rows, indices and data, in the order in which the caller hands them over; parameters excepted. */
  readonly reads: (operation: OperationOf<Kind>) => readonly ValueId[];
  readonly parameters?: (operation: OperationOf<Kind>) => readonly ValueId[];
  readonly products?: (operation: OperationOf<Kind>, values: readonly Value[]) => readonly Product[];
  /** No gradient flows through it. */
  readonly stopsGradient?: true;
}

const withIndex = (input: ValueId, { index }: Endpoints): readonly ValueId[] =>
  index === undefined ? [input] : [input, index];
const both = ({ left, right }: { readonly left: ValueId; readonly right: ValueId }) => [left, right];
const ends = { reads: (o: { input: ValueId; endpoints: Endpoints }) => withIndex(o.input, o.endpoints) };
const input = { reads: (o: { input: ValueId }) => [o.input] };
const inputs = { reads: (o: { inputs: readonly ValueId[] }) => o.inputs };

const rows: { readonly [Kind in Operation['kind']]: Row<Kind> } = {
  linear: {
    ...input,
    parameters: ({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias]),
    products: (operation, values) => [
      {
        shape: [...values[operation.input]!.shape.slice(0, 2), ...values[operation.weight]!.shape],
        numBackward: values[operation.input]!.differentiable ? 2 : 1,
      },
    ],
  },
  activation: input,
  layerNorm: { ...input, parameters: ({ scale, offset }) => [scale, offset] },
  normalize: { ...input, parameters: ({ scale }) => (scale === undefined ? [] : [scale]) },
  condition: {
    reads: (o) => [o.input, o.code],
    parameters: ({ weight, bias }) => [weight, bias],
    products: ({ code, weight }, values) => [
      {
        shape: [...values[code]!.shape.slice(0, 2), ...values[weight]!.shape],
        numBackward: values[code]!.differentiable ? 2 : 1,
      },
    ],
  },
  addBias: { ...input, parameters: ({ bias }) => [bias] },
  gather: ends,
  segmentSum: ends,
  segmentMax: { ...ends, stopsGradient: true },
  concat: inputs,
  add: { reads: both },
  subtract: { reads: both },
  multiply: { reads: both },
  divide: { reads: both },
  scale: input,
  shift: input,
  exp: input,
  headSum: input,
  headScale: { reads: (o) => [o.input, o.weights] },
  gatherAdd: { reads: ({ edges, senders, receivers }) => [edges, senders, receivers] },
  graphAttention: {
    reads: ({ query, key, value, edgeTerm, indices }) => [query, key, value, edgeTerm, ...indices],
  },
  rowAttention: {
    reads: ({ query, key, value, mask }) => [query, key, value, ...(mask === undefined ? [] : [mask])],
    // Scores and weighted values, each over the attended rows.
    products: ({ query, attended }, values) => {
      const product = { shape: [...values[query]!.shape, attended], numBackward: 2 };
      return [product, product];
    },
  },
  attentionMask: { reads: ({ queries, keys }) => [queries, keys], stopsGradient: true },
  generate: { reads: () => [] },
  blockAttention: {
    reads: ({ query, key, value }) => [query, key, value],
    // Of every pair of rows that it computes: one product of query and key, and one of weight and value, over all heads.
    products: ({ query }, values) => {
      const [, samples, columns] = values[query]!.shape;
      const pairs = [axis('attentionPairs'), samples!, columns!];
      return [
        { shape: pairs, numBackward: 2 },
        { shape: pairs, numBackward: 2 },
      ];
    },
  },
  resizeRows: input,
  integers: inputs,
  copy: input,
  repeat: input,
  empty: { reads: () => [] },
  write: { reads: ({ into, rows: written }) => [into, written] },
  addColumns: input,
  slice: input,
  loss: { reads: ({ prediction, target }) => [prediction, target] },
};

/** Without its output, as a builder is given it. */
export type Unnamed = Operation extends infer Each ? (Each extends Operation ? Omit<Each, 'output'> : never) : never;

const rowOf = (operation: Pick<Operation, 'kind'>): Row<Operation['kind']> =>
  rows[operation.kind] as Row<Operation['kind']>;

export const readsOf = (operation: Unnamed): readonly ValueId[] => rowOf(operation).reads(operation as Operation);

export const parametersOf = (operation: Unnamed): readonly ValueId[] =>
  rowOf(operation).parameters?.(operation as Operation) ?? [];

export const productsOf = (operation: Operation, values: readonly Value[]): readonly Product[] =>
  rowOf(operation).products?.(operation, values) ?? [];

export const stopsGradient = (operation: Unnamed): boolean => rowOf(operation).stopsGradient ?? false;

/** The operations below nodes of a program, in order. */
export const operationsOf = (nodes: readonly Node[]): Operation[] =>
  nodes.flatMap((node) => (node.kind === 'block' ? operationsOf(node.body) : node.kind === 'drop' ? [] : [node]));
