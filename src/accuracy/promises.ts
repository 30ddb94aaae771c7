/** What README promises about accuracy. `gc-plan validate` fails when one of these no longer holds. */
import type { RuntimeName } from '../config/types.js';
import type { Figures } from './figures.js';

export interface AccuracyPromise {
  readonly runtime: RuntimeName;
  readonly figure: keyof Figures;
  readonly limitPercent: number;
}

const promise = (runtime: RuntimeName, median: number, p95: number, under: number): readonly AccuracyPromise[] => [
  { runtime, figure: 'medianErrorPercent', limitPercent: median },
  { runtime, figure: 'p95ErrorPercent', limitPercent: p95 },
  { runtime, figure: 'worstUnderPercent', limitPercent: under },
];

export const accuracyPromises: readonly AccuracyPromise[] = [
  ...promise('pytorch', 0.1, 0.1, 0.1),
  // Where the loss is the peak, XLA's roundings decide (runtimes/xla/loss-head-width.ts): the number is the middle, the range has all.
  ...promise('jax', 1, 5, 14),
  ...promise('tfjs', 0.1, 0.1, 0.1),
];
