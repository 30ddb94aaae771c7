/** How far estimates were below the truth at worst, as far as a range depends on it; a test reads it off the records again. */
import type { Figures } from './figures.js';

/** What a user's own verifications add to a range. */
export type Experience = Pick<Figures, 'worstUnderPercent'>;

/** TensorFlow.js, the one runtime whose range has no error bar of its own: none of the shipped cases was above its estimate. */
export const shippedExperience: Experience = { worstUnderPercent: 0 };

/**
 * How far `peakReservedBytes` was below the replay of the traced events at worst, per allocator, over the traces of
 * docs/accuracy-pytorch.md and docs/accuracy-offload.md. The truth has the sort buffers inside CUDA's index_put(accumulate) kernel,
 * which the estimate leaves out.
 */
export const pytorchReservedWorstUnderPercent = { native: 1.042, expandable: 1.124 } as const;
