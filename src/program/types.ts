/**
 * The forward program: one model step (or rollout) as framework-neutral array operations in nested blocks.
 *
 * The same value is priced by every runtime and executed by `verify/`. A block is a call frame of the model's source code:
 * values are held by the local variables of the frames, and the builder writes a `drop` where the last of these lets go.
 * A runtime that frees by reference count (PyTorch) reads the drops; one that schedules buffers itself (XLA) or keeps all
 * (TensorFlow.js) ignores them.
 */
import type { Shape } from './shape.js';

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

export type EdgeSet = 'grid2mesh' | 'mesh' | 'mesh2grid';

/** One end of every edge of a set: int32/int64 node numbers, `[edges]`. */
export interface Endpoints {
  readonly edges: EdgeSet;
  readonly end: 'senders' | 'receivers';
  /** Where a code base makes the node numbers anew in every step (`integers`), so that their lifetime counts. */
  readonly index?: ValueId;
}

export type ActivationFunction = 'silu' | 'gelu' | 'relu' | 'sigmoid';

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
  | Integers
  | Copy
  | Repeat
  | Empty
  | Write
  | AddColumns
  | Slice
  | Loss;

/** The last local variable that held the value lets go. */
export interface Drop {
  readonly kind: 'drop';
  readonly value: ValueId;
}

/** What a block is, for runtimes that cut by meaning instead of by frame. */
export type BlockRole =
  | { readonly kind: 'frame' }
  | { readonly kind: 'model'; readonly rolloutStep: number }
  | { readonly kind: 'encoder' | 'processor' | 'decoder' }
  /** A run of processor blocks under one checkpoint (or the whole processor where there is none). */
  | { readonly kind: 'processorSegment'; readonly index: number }
  | {
      readonly kind: 'mlp';
      readonly of: 'embedGridNodes' | 'embedMeshNodes' | 'embedEdges' | 'edges' | 'nodes' | 'head';
    }
  | { readonly kind: 'edgeBlock' | 'nodeBlock'; readonly edgeSet: EdgeSet; readonly layer: number }
  | { readonly kind: 'loss' };

export interface Block {
  readonly kind: 'block';
  readonly name: string;
  readonly role: BlockRole;
  readonly module: Module;
  /** The backward pass runs it again instead of keeping what is inside. */
  readonly recomputed: boolean;
  /** Values made outside and read inside, parameters and data excepted. */
  readonly inputs: readonly ValueId[];
  /** Data that it is handed as an argument, which a checkpoint takes for an input as well; absent: none. */
  readonly givenData?: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly body: readonly Node[];
}

export type Node = Block | Operation | Drop;

/** A graph array, in the order in which they lie: `data` is the program's data of that name; no operation reads the others. */
export type Resident =
  | { readonly kind: 'data'; readonly name: string }
  | { readonly kind: 'buffer'; readonly name: string; readonly shape: Shape; readonly elementBytes: number };

export interface ForwardProgram {
  readonly values: readonly Value[];
  readonly parameters: readonly Parameter[];
  /** `gridInput`, `target`, `meshNodeFeatures`, `grid2meshEdgeFeatures`, … */
  readonly data: Readonly<Record<string, ValueId>>;
  /** What else lies on the device from the start; absent: the runtime knows the code base's own list. */
  readonly residents?: readonly Resident[];
  readonly root: Block;
  /** The scalar that is differentiated; absent in inference. */
  readonly loss?: ValueId;
  readonly predictions: readonly ValueId[];
  /** Present where this is a part of the model, on one card of a pipeline. */
  readonly stage?: PipelineStage;
}

/** Where a stage stands, and what it exchanges with the others: values of theirs that it reads, values of its own that they read. */
export interface PipelineStage {
  readonly index: number;
  readonly numStages: number;
  readonly received: readonly ValueId[];
  readonly sent: readonly ValueId[];
  /** The graphs that lie on its card. */
  readonly edgeSets: readonly EdgeSet[];
}

/**
 * Which blocks are recomputed, as a runtime reads a checkpoint plan. Processor segments are runs over the list
 * edge block 0, node block 0, edge block 1, … of the layers that lie between encoder and decoder frame.
 */
export interface Segmentation {
  /**
   * Which networks share a call frame. `physicsnemo`: the encoder's takes the first processor layer and all embedders but the
   * decoder's, the decoder's takes the last layer. `jax`: one frame per GNN. `tfjs`: as `jax`, with the mesh edge embedder
   * in the encoder's.
   */
  readonly frames: 'physicsnemo' | 'jax' | 'tfjs';
  readonly encoder: boolean;
  readonly decoder: boolean;
  readonly model: boolean;
  readonly rollout: boolean;
  /** Blocks per segment; absent: the processor is one frame that is not recomputed. */
  readonly processorBlocksPerSegment?: number;
  readonly edgeBlocks?: { readonly kind: 'scan' | 'loop'; readonly blocks: number };
}
