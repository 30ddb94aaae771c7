/** What a forward program is made of: values, parameters and framework-neutral array operations. */
import type { Axis, Shape } from './shape.js';

export type ValueId = number;

export type ValueSource = 'parameter' | 'data' | 'operation';

export interface Value {
  readonly id: ValueId;
  readonly name: string;
  readonly shape: Shape;
  readonly source: ValueSource;
  /** A gradient flows through it: it is a parameter or depends on one. */
  readonly differentiable: boolean;
}

/** The module of a report's breakdown. */
export type Module = 'grid2mesh' | 'mesh' | 'mesh2grid' | 'inputs' | 'loss' | 'optimizer' | 'other';

export interface Parameter {
  readonly value: ValueId;
  readonly module: Module;
  /** Which network, in the field's words, e.g. `mesh.3.edges`. */
  readonly network: string;
  /** In the released JAX code one network's parameters exist and are never used. */
  readonly used: boolean;
}

export interface LinearParameters {
  readonly weight: ValueId;
  readonly bias?: ValueId;
}

export interface NormParameters {
  readonly scale: ValueId;
  readonly offset: ValueId;
}

export type EdgeSet = 'grid2mesh' | 'mesh' | 'mesh2grid';

/** One end of every edge of a set: int32/int64 node numbers, `[edges]`. */
export interface Endpoints {
  readonly edges: EdgeSet;
  readonly end: 'senders' | 'receivers';
  /** Where a code base makes the node numbers anew in every step (`integers`), so that their lifetime counts. */
  readonly index?: ValueId;
}

export type ActivationFunction = 'silu' | 'gelu' | 'gelu-tanh' | 'relu' | 'sigmoid';

export type BlockAttentionVariant = 'triblockdiag' | 'mha';

interface Op<Kind extends string> {
  readonly kind: Kind;
  readonly output: ValueId;
}

/** `input [rows, in] · weight [in, out] + bias [out]`. */
export interface Linear extends Op<'linear'> {
  readonly input: ValueId;
  readonly weight: ValueId;
  readonly bias?: ValueId;
}
export interface Activation extends Op<'activation'> {
  readonly function: ActivationFunction;
  readonly input: ValueId;
  /** PhysicsNeMo's recompute_activation: the Linear that follows keeps this operation's input only. */
  readonly recomputed: boolean;
}
export interface LayerNorm extends Op<'layerNorm'> {
  readonly input: ValueId;
  readonly scale: ValueId;
  readonly offset: ValueId;
  /** Mixed precision: the result is cast back to the input's type (anemoi's AutocastLayerNorm). */
  readonly keepsType?: boolean;
}
/** A LayerNorm without offset, or without both: what conditional norms and norms of queries and keys are made of. XLA: of denoisers. */
export interface Normalize extends Op<'normalize'> {
  readonly input: ValueId;
  readonly scale?: ValueId;
  readonly keepsType?: boolean;
  /** Each of that many equal parts of a row is normalized by itself. */
  readonly parts?: Axis;
}
/**
 * `input · (1 + a) + b`, where `[a, b] = code · weight + bias` is one row per sample: `code` `[1, batch, width of the code]`, `weight`
 * `[width of the code, 2 · columns]`. XLA only (GenCast's LinearNormConditioning).
 */
export interface Condition extends Op<'condition'> {
  readonly input: ValueId;
  readonly code: ValueId;
  readonly weight: ValueId;
  readonly bias: ValueId;
}
/** Node rows to edge rows. */
export interface Gather extends Op<'gather'> {
  readonly input: ValueId;
  readonly endpoints: Endpoints;
}
/** Along the last axis. */
export interface Concat extends Op<'concat'> {
  readonly inputs: readonly ValueId[];
}
/** Edge rows summed into node rows. */
export interface SegmentSum extends Op<'segmentSum'> {
  readonly input: ValueId;
  readonly endpoints: Endpoints;
}
/** Edge rows to node rows, the largest of each receiver's; no gradient flows through it. */
export interface SegmentMax extends Op<'segmentMax'> {
  readonly input: ValueId;
  readonly endpoints: Endpoints;
}
export interface Binary extends Op<'add' | 'subtract' | 'multiply' | 'divide'> {
  readonly left: ValueId;
  readonly right: ValueId;
  /** The result is written over `left`. PyTorch only. */
  readonly inPlace?: true;
}
/** `input · scalar` or `input + scalar`. */
export interface WithScalar extends Op<'scale' | 'shift'> {
  readonly input: ValueId;
  readonly scalar: number;
}
export interface Exp extends Op<'exp'> {
  readonly input: ValueId;
}
/** `[rows, hiddenDim] → [rows, heads]`: the sum over each head's `hiddenDim / heads` columns. */
export interface HeadSum extends Op<'headSum'> {
  readonly input: ValueId;
}
/** `[rows, hiddenDim] · [rows, heads]`: each head's columns times that head's weight. */
export interface HeadScale extends Op<'headScale'> {
  readonly input: ValueId;
  readonly weights: ValueId;
}
/** The bias of a layer whose products have none: `[rows, width] + [width]`. */
export interface AddBias extends Op<'addBias'> {
  readonly input: ValueId;
  readonly bias: ValueId;
}
/** The fused concat trick: `edges + senders[s] + receivers[r]` in one kernel. */
export interface GatherAdd extends Op<'gatherAdd'> {
  readonly edges: ValueId;
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edgeSet: EdgeSet;
}
/**
 * One kernel for what `attention.ts` writes in small operations: softmax over each receiver's incoming edges of `q·(k + e)` per head,
 * times `v + e`. `[nodes, hiddenDim]` query, key and value, `[edges, hiddenDim]` edge term. PyTorch only (anemoi's Triton kernel).
 */
export interface GraphAttention extends Op<'graphAttention'> {
  readonly query: ValueId;
  readonly key: ValueId;
  readonly value: ValueId;
  readonly edgeTerm: ValueId;
  readonly heads: number;
  /** Sorted node numbers and row pointers, which its backward reads. */
  readonly indices: readonly ValueId[];
}
/**
 * Softmax attention of every query row over all key rows of its sample, or over a window of them: one kernel of PyTorch's or of
 * flash-attn. `[queries, hiddenDim]`, `[keys, hiddenDim]` twice → `[queries, hiddenDim]`. PyTorch only.
 */
export interface RowAttention extends Op<'rowAttention'> {
  readonly query: ValueId;
  readonly key: ValueId;
  readonly value: ValueId;
  /** Which pairs count, from `attentionMask`: the kernel then reads a bias as large. */
  readonly mask?: ValueId;
  readonly kernel: 'flash' | 'memory-efficient';
  /** How many key rows a query row looks at. */
  readonly attended: Axis;
}
/** `[queries, keys]`, a byte per pair: made in the first step and kept for good. PyTorch only. */
export interface AttentionMask extends Op<'attentionMask'> {
  readonly queries: ValueId;
  readonly keys: ValueId;
}
/** Normal noise times its deviation, ones times a number, or zeros: fp32 whatever the precision. PyTorch only. */
export interface Generate extends Op<'generate'> {
  readonly what: 'noise' | 'constant' | 'zeros';
}
/**
 * Softmax attention between nodes that a mask allows, dense in blocks: `[rows, hiddenDim]` query, key and value. `triblockdiag`: rows in
 * `attentionBlocks` blocks of `attentionBlock`, each of which looks at itself and at the blocks before and after it; `mha`: all pairs. XLA
 * only (GenCast's sparse_transformer.py).
 */
export interface BlockAttention extends Op<'blockAttention'> {
  readonly query: ValueId;
  readonly key: ValueId;
  readonly value: ValueId;
  readonly variant: BlockAttentionVariant;
}
/** Rows of zeros behind the rows, or rows cut off behind: as many as the output has. XLA only. */
export interface ResizeRows extends Op<'resizeRows'> {
  readonly input: ValueId;
}
/** Whole numbers that a code base derives from its graph in every step: edge indices, row pointers, sort orders. PyTorch only. */
export interface Integers extends Op<'integers'> {
  readonly inputs: readonly ValueId[];
}
/** A new array of the same numbers, in the type of `like` where it is given. PyTorch only. */
export interface Copy extends Op<'copy'> {
  readonly input: ValueId;
  readonly like?: ValueId;
}
/** One copy per sample of rows that all samples share; a view where there is one sample. PyTorch only. */
export interface Repeat extends Op<'repeat'> {
  readonly input: ValueId;
}
/** Memory that `write` fills later; in the short type under mixed precision, else in that of `like`. PyTorch only. */
export interface Empty extends Op<'empty'> {
  readonly like: ValueId;
}
/** `rows` written into memory that is there already; the output is that memory. PyTorch only. */
export interface Write extends Op<'write'> {
  readonly into: ValueId;
  readonly rows: ValueId;
}
/** `input[:, columns] += addend[:, other columns]` in place; `columns` is a symbol. PyTorch only. */
export interface AddColumns extends Op<'addColumns'> {
  readonly input: ValueId;
  readonly addend: ValueId;
  readonly columns: string;
}
/** Rows under another name, without a copy; the backward pass makes one. PyTorch only. */
export interface Slice extends Op<'slice'> {
  readonly input: ValueId;
  /** The row symbol of the other part, where the backward pass joins the gradient with that many rows of zeros. */
  readonly rest?: string;
}
/** Latitude-weighted mean squared error, a scalar. */
export interface Loss extends Op<'loss'> {
  readonly prediction: ValueId;
  readonly target: ValueId;
  /** One kernel without weights (torch's mse_loss); absent: the weighted loss of the GraphCast code bases. */
  readonly kernel?: 'mse';
}

export type Operation =
  | Linear
  | Activation
  | LayerNorm
  | Normalize
  | Condition
  | Gather
  | Concat
  | SegmentSum
  | SegmentMax
  | Binary
  | WithScalar
  | Exp
  | HeadSum
  | HeadScale
  | AddBias
  | GatherAdd
  | GraphAttention
  | RowAttention
  | AttentionMask
  | Generate
  | BlockAttention
  | ResizeRows
  | Integers
  | Copy
  | Repeat
  | Empty
  | Write
  | AddColumns
  | Slice
  | Loss;
