import type { StorageId } from '../../memory/recorder.js';
import type { Category } from '../../memory/trace.js';
import { noTurn } from '../../memory/turns.js';
import type { TensorShape } from './shapes.js';

export interface SymbolicTensor {
  /** A variable's changes when it is assigned. */
  storage: StorageId;
  readonly shape: TensorShape;
  readonly elementBytes: number;
  kept: boolean;
  disposed: boolean;
  scope: Scope | undefined;
  /** The rollout step in which it came to its scope. */
  turn: number;
  /** Of a variable: what its storage counts as. */
  readonly category?: Category;
}

export type Scope = SymbolicTensor[];

export const freshTensor = (storage: StorageId, shape: TensorShape, elementBytes: number): SymbolicTensor => ({
  storage,
  shape,
  elementBytes,
  kept: false,
  disposed: false,
  scope: undefined,
  turn: noTurn,
});
