/**
 * The candidates worth a look: width and depth up, FLOPs per sample and memory down. Dominated: another one is at least as good
 * in all four and better in one. Which of several equals is kept does not depend on the order of evaluation: the first.
 */
import type { Candidates } from './candidates.js';

export interface ParetoPoint {
  readonly index: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly sampleFlops: number;
  readonly deviceBytes: number;
}

export function paretoFront(points: readonly ParetoPoint[]): readonly ParetoPoint[] {
  const cells = new Map<string, ParetoPoint[]>();
  for (const point of points) {
    const key = `${point.hiddenDim}/${point.layers}`;
    const cell = cells.get(key);
    if (cell) cell.push(point);
    else cells.set(key, [point]);
  }
  // First within each width and depth, where two numbers decide; what is left is little enough to compare with everything.
  const survivors = [...cells.values()].flatMap(staircase);
  survivors.sort((a, b) => b.hiddenDim - a.hiddenDim || b.layers - a.layers || a.index - b.index);
  const front: ParetoPoint[] = [];
  for (const point of survivors) if (!front.some((other) => dominates(other, point))) front.push(point);
  return front;
}

/** Of points with equal width and depth: ascending FLOPs, and each lower in memory than all before it. */
function staircase(points: readonly ParetoPoint[]): readonly ParetoPoint[] {
  const sorted = [...points].sort(
    (a, b) => a.sampleFlops - b.sampleFlops || a.deviceBytes - b.deviceBytes || a.index - b.index,
  );
  let lowestBytes = Number.POSITIVE_INFINITY;
  return sorted.filter(({ deviceBytes }) => {
    const kept = deviceBytes < lowestBytes;
    if (kept) lowestBytes = deviceBytes;
    return kept;
  });
}

const dominates = (a: ParetoPoint, b: ParetoPoint): boolean =>
  a.hiddenDim >= b.hiddenDim &&
  a.layers >= b.layers &&
  a.sampleFlops <= b.sampleFlops &&
  a.deviceBytes <= b.deviceBytes &&
  a.index !== b.index;

export const pointOf = (candidates: Candidates, index: number, hiddenDim: number, layers: number): ParetoPoint => ({
  index,
  hiddenDim,
  layers,
  sampleFlops: candidates.sampleFlops[index]!,
  deviceBytes: candidates.deviceBytes[index]!,
});
