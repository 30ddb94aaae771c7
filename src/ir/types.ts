/** What the operations of a forward program read and write: values, parameters, ends of edges. */
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
  /** A hook on it replaces its gradient by a multiple. */
  readonly scaled?: true;
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
