/**
 * The forward program: one model step (or rollout) as framework-neutral array operations in nested blocks.
 *
 * The same value is priced by every runtime and executed by `verify/`. A block is a call frame of the model's source code:
 * values are held by the local variables of the frames, and the builder writes a `drop` where the last of these lets go.
 * A runtime that frees by reference count (PyTorch) reads the drops; one that schedules buffers itself (XLA) or keeps all
 * (TensorFlow.js) ignores them.
 */

import type { Operation } from './operations.js';
import { type Dimensions, numElements, type Shape } from './shape.js';
import type { EdgeSet, Module, Parameter, Value, ValueId } from './types.js';

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
  /** It stands for so many turns of a loop; absent: one. */
  readonly times?: number;
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
  /** `constant`: part of the executable, where the runtime compiles one. `gradient`: filled in the backward pass. */
  | {
      readonly kind: 'buffer' | 'constant' | 'gradient';
      readonly name: string;
      readonly shape: Shape;
      readonly elementBytes: number;
    };

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
  /** The program takes the noise off a state. Training runs it once, inference as the body of a loop. */
  readonly denoiser?: true;
  /** Noise conditions every norm, so that each sample is a forecast of its own; the loss compares the samples of an example. */
  readonly ensemble?: true;
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

/** The operations below nodes of a program, in order. */
export function operationsOf(nodes: readonly Node[], into: Operation[] = []): Operation[] {
  for (const node of nodes) {
    if (node.kind === 'block') operationsOf(node.body, into);
    else if (node.kind !== 'drop') into.push(node);
  }
  return into;
}

/** Parameter counts, read off the program: per network and in all. */

export interface ParameterCount {
  readonly count: number;
  readonly byNetwork: readonly { readonly network: string; readonly count: number }[];
}

export function countParameters({ parameters, values }: ForwardProgram, dimensions: Dimensions): ParameterCount {
  const byNetwork = new Map<string, number>();
  for (const { value, network } of parameters) {
    byNetwork.set(network, (byNetwork.get(network) ?? 0) + numElements(values[value]!.shape, dimensions));
  }
  const rows = [...byNetwork].map(([network, count]) => ({ network, count }));
  return { count: rows.reduce((sum, row) => sum + row.count, 0), byNetwork: rows };
}
