/**
 * The candidates worth a look: width, depth and batch up, FLOPs per sample and memory down, among those that train the same problem (mesh,
 * grid, rollout …). Dominated: another one is at least as good in all five, and sends nothing to the host that this one keeps, since
 * no time is made of what crosses the bus; of equals the first is kept.
 */
export interface ParetoPoint {
  readonly index: number;
  /** Equal keys: the same problem. */
  readonly problem: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly batchSize: number;
  readonly sampleFlops: number;
  readonly deviceBytes: number;
  /** What waits on the host, a bit for each part. */
  readonly offloaded: number;
}

/** Largest model first, then cheapest. `points` in order of their index. */
export function paretoFront(points: Iterable<ParetoPoint>): readonly ParetoPoint[] {
  const survivors = [...bySize(points)].flatMap(([, cell]) => cell).sort(largestFirst);
  const cheapestByDepth = new Map<number, ParetoPoint[]>();
  let problem: number | undefined;
  return survivors.filter((point) => {
    if (point.problem !== problem) cheapestByDepth.clear();
    problem = point.problem;
    // All before it are at least as wide.
    for (const [layers, cheapest] of cheapestByDepth) {
      if (layers >= point.layers && cheapest.some((other) => isCheaper(other, point))) return false;
    }
    insert(cheapestByDepth, point.layers, point);
    return true;
  });
}

const largestFirst = (a: ParetoPoint, b: ParetoPoint): number =>
  a.problem - b.problem ||
  b.hiddenDim - a.hiddenDim ||
  b.layers - a.layers ||
  a.sampleFlops - b.sampleFlops ||
  b.batchSize - a.batchSize ||
  a.deviceBytes - b.deviceBytes ||
  a.index - b.index;

/** Per problem, width and depth: what no other of that size beats. Little is left of a large space after this. */
function bySize(points: Iterable<ParetoPoint>): ReadonlyMap<string, ParetoPoint[]> {
  const cells = new Map<string, ParetoPoint[]>();
  for (const point of points) {
    const key = `${point.problem} ${point.hiddenDim} ${point.layers}`;
    if (!cells.get(key)?.some((other) => isCheaper(other, point))) insert(cells, key, point);
  }
  return cells;
}

function insert<Key>(lists: Map<Key, ParetoPoint[]>, key: Key, point: ParetoPoint): void {
  lists.set(key, [...(lists.get(key) ?? []).filter((other) => !isCheaper(point, other)), point]);
}

const isCheaper = (a: ParetoPoint, b: ParetoPoint): boolean =>
  a.sampleFlops <= b.sampleFlops &&
  a.batchSize >= b.batchSize &&
  a.deviceBytes <= b.deviceBytes &&
  (a.offloaded & ~b.offloaded) === 0;

export const frontOrders = ['varied', 'size', 'layers', 'cost', 'memory'] as const;
export type FrontOrder = (typeof frontOrders)[number];

/** `size`: as the front comes, largest first. `varied`: every size once before any comes twice. The others keep the front's order among equals. */
export function orderFront(front: readonly ParetoPoint[], order: FrontOrder): readonly ParetoPoint[] {
  if (order === 'varied') return inRounds(front);
  const compare: Readonly<Record<Exclude<FrontOrder, 'varied'>, (a: ParetoPoint, b: ParetoPoint) => number>> = {
    size: () => 0,
    layers: (a, b) => b.layers - a.layers,
    cost: (a, b) => a.sampleFlops - b.sampleFlops,
    memory: (a, b) => a.deviceBytes - b.deviceBytes,
  };
  return [...front].sort(compare[order]);
}

function inRounds(front: readonly ParetoPoint[]): readonly ParetoPoint[] {
  const seen = new Map<string, number>();
  const rounds = front.map((point) => {
    const key = `${point.problem} ${point.hiddenDim} ${point.layers}`;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    return { point, round };
  });
  return rounds.sort((a, b) => a.round - b.round).map(({ point }) => point);
}
