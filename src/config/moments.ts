import type { Optimizer } from './types.js';

/** State tensors of the parameter's own shape; optimizers that hold their state in another form, or none, are absent. */
const numMoments = {
  'adamw-fused': 2,
  adamw: 2,
  adam: 2,
  momentum: 1,
  sgd: 0,
} as const satisfies Partial<Record<Optimizer, number>>;

/** Updates every element by itself, with state of the parameter's shape. */
export type ElementwiseOptimizer = keyof typeof numMoments;

export const numMomentsOf = (optimizer: Optimizer): number =>
  (numMoments as Readonly<Partial<Record<Optimizer, number>>>)[optimizer] ?? 0;
