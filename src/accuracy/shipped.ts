/**
 * How far each runtime's numbers were from ground truth that this project did not write. A test recomputes every figure from
 * the records in `tests/data` and fails when one of these no longer holds.
 */
import type { Config, RuntimeName } from '../config/types.js';
import { layoutOf } from '../models/index.js';
import type { Figures } from './figures.js';

/** Of `peakLiveBytes`. */
export interface Accuracy extends Figures {
  readonly runtime: RuntimeName;
  readonly cases: number;
  readonly source: string;
}

export const pytorchAccuracy: Accuracy = {
  runtime: 'pytorch',
  cases: 218,
  medianErrorPercent: 0,
  p95ErrorPercent: 0,
  worstUnderPercent: 0,
  source: "PhysicsNeMo's GraphCastNet traced under fake CUDA tensors, torch 2.13",
};

export const tfjsAccuracy: Accuracy = {
  runtime: 'tfjs',
  cases: 49,
  medianErrorPercent: 0,
  p95ErrorPercent: 0,
  worstUnderPercent: 0,
  source: 'training steps of a network written directly in TensorFlow.js 4.22, distinct buffers counted in the engine',
};

export const jaxAccuracy: Accuracy = {
  runtime: 'jax',
  cases: 101,
  medianErrorPercent: 0.124,
  p95ErrorPercent: 2.172,
  worstUnderPercent: 7.576,
  source:
    "DeepMind's training step compiled by XLA:GPU (jaxlib 0.10.2, cuBLAS products, with and without hand-added recomputation and gradient checkpointing)",
};

export const shippedAccuracy: Readonly<Record<RuntimeName, Accuracy>> = {
  pytorch: pytorchAccuracy,
  tfjs: tfjsAccuracy,
  jax: jaxAccuracy,
};

/**
 * How far `peakReservedBytes` was below the replay of the traced events at worst, per allocator, over the traces of
 * docs/accuracy-pytorch.md and docs/accuracy-offload.md. The truth has the sort buffers inside CUDA's index_put(accumulate) kernel,
 * which the estimate leaves out.
 */
export const pytorchReservedWorstUnderPercent = { native: 1.042, expandable: 1.124 } as const;

/** The shipped cases speak of this configuration's code base, and of training. */
export const isChecked = ({ runtime, model, recipe }: Pick<Config, 'runtime' | 'model' | 'recipe'>): boolean =>
  recipe.mode === 'train' && (layoutOf(model.layout).checkedIn ?? []).includes(runtime);
