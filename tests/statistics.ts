/** Predicted ÷ truth − 1, in percent. */
export const errorPercent = (predicted: number, truth: number): number => 100 * (predicted / truth - 1);

/** The smallest value that at least `fraction` of the values do not exceed. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)]!;
}
