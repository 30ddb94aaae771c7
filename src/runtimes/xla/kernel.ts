/** A kernel of a step, and the arrays that it reads and writes. */
import type { Shape } from '../../ir/shape.js';
import type { Module } from '../../ir/types.js';
import type { Category, Origin, Phase } from '../../memory/trace.js';

export type BufferId = number;

export interface Buffer {
  readonly shape: Shape;
  readonly elementBytes: number;
  readonly category: Category;
  readonly origin: Origin;
}

export interface Kernel {
  readonly name: string;
  readonly place: Place;
  readonly reads: readonly BufferId[];
  readonly writes: readonly BufferId[];
  /** What it reads, where that is not each array once. */
  readonly bytesRead?: number;
  /** …and beside that. */
  readonly bytesBeside?: number;
  /** Where a few threads compute more than they move. */
  readonly computes?: { readonly operations: number; readonly threads: number };
  /** Of another kernel, what this one may make too. */
  readonly beside?: BufferId;
  /** Where XLA's cost model does not go by bytes. */
  readonly kind?:
    | 'triton'
    | 'product'
    | 'weightProduct'
    | 'columns'
    | 'copy'
    | 'convert'
    | 'join'
    | 'start'
    | 'end'
    | 'tuple'
    | 'barrier'
    | 'elementwise';
}

/** The phase and module that kernels are written down with. */
export interface Place {
  readonly phase: Phase;
  readonly module: Module;
  readonly recompute: boolean;
}
