/** How far estimates were below the truth at worst, as far as a range depends on it; a test reads it off the records again. */
import type { Figures } from './figures.js';

/** What a user's own verifications add to a range. */
export type ErrorBar = Pick<Figures, 'worstUnderPercent'>;

/** TensorFlow.js, the one runtime whose range has no error bar of its own: none of the shipped cases was above its estimate. */
export const shippedErrorBar: ErrorBar = { worstUnderPercent: 0 };
