/** Errors of many predictions in three numbers. */
export interface Figures {
  readonly medianErrorPercent: number;
  readonly p95ErrorPercent: number;
  /** How far the worst prediction was below the truth; 0: none was. */
  readonly worstUnderPercent: number;
}

export const errorPercent = (predicted: number, truth: number): number => (100 * (predicted - truth)) / truth;

/** The inverse: where predictions were this far below the truth at worst, the most that the truth can be. */
export const mostThatFollows = (predicted: number, worstUnderPercent: number): number =>
  Math.ceil(predicted / (1 - worstUnderPercent / 100));

/** Of a prediction above it, more than `bytes` follows: one more byte than that, as quotients are rounded. */
export const leastTooMuch = (bytes: number, worstUnderPercent: number): number =>
  Math.floor(bytes * (1 - worstUnderPercent / 100)) + 1;

/** @param errors predicted ÷ truth − 1, in percent; at least one. */
export function figuresOf(errors: readonly number[]): Figures {
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const quantile = (fraction: number) => sizes[Math.max(0, Math.ceil(fraction * sizes.length) - 1)]!;
  return {
    medianErrorPercent: quantile(0.5),
    p95ErrorPercent: quantile(0.95),
    worstUnderPercent: Math.max(0, ...errors.map((error) => -error)),
  };
}

/** What a user's own verifications add to a range. */
export type ErrorBar = Pick<Figures, 'worstUnderPercent'>;

/** TensorFlow.js, whose range has no error bar of its own: none of the shipped cases was above its estimate (a test reads it off again). */
export const shippedErrorBar: ErrorBar = { worstUnderPercent: 0 };
