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

/**
 * Indices of candidates, largest model first, then cheapest. `pointOf`: the candidate of an index. The points of one size are made when its
 * turn comes, and let go of: all points of half a million candidates are a hundred megabytes.
 */
export function paretoFront(indices: Iterable<number>, pointOf: (index: number) => ParetoPoint): readonly number[] {
  const front: number[] = [];
  const cheapestByDepth = new Map<number, readonly ParetoPoint[]>();
  let current: number | undefined;
  for (const { problem, layers, members } of bySize(indices, pointOf)) {
    if (problem !== current) cheapestByDepth.clear();
    current = problem;
    for (const point of cheapestOf(members.map(pointOf)).toSorted(cheapestFirst)) {
      // All before it are at least as wide.
      if (isBeaten(point, cheapestByDepth)) continue;
      cheapestByDepth.set(layers, withPoint(cheapestByDepth.get(layers) ?? [], point));
      front.push(point.index);
    }
  }
  return front;
}

const cheapestFirst = (a: ParetoPoint, b: ParetoPoint): number =>
  a.sampleFlops - b.sampleFlops || b.batchSize - a.batchSize || a.deviceBytes - b.deviceBytes || a.index - b.index;

interface Cell extends Pick<ParetoPoint, 'problem' | 'hiddenDim' | 'layers'> {
  readonly members: number[];
}

/** The indices by problem, width and depth, the largest size of a problem first. */
function bySize(indices: Iterable<number>, pointOf: (index: number) => ParetoPoint): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const index of indices) {
    const { problem, hiddenDim, layers } = pointOf(index);
    const key = `${problem} ${hiddenDim} ${layers}`;
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { problem, hiddenDim, layers, members: [index] });
    else cell.members.push(index);
  }
  return [...cells.values()].sort((a, b) => a.problem - b.problem || b.hiddenDim - a.hiddenDim || b.layers - a.layers);
}

/** What no other of its size beats; of equals the first. */
function cheapestOf(points: readonly ParetoPoint[]): readonly ParetoPoint[] {
  let cheapest: readonly ParetoPoint[] = [];
  for (const point of points)
    if (!cheapest.some((other) => isCheaper(other, point))) cheapest = withPoint(cheapest, point);
  return cheapest;
}

const withPoint = (points: readonly ParetoPoint[], point: ParetoPoint): readonly ParetoPoint[] => [
  ...points.filter((other) => !isCheaper(point, other)),
  point,
];

/** By a point as deep or deeper. */
function isBeaten(point: ParetoPoint, byDepth: ReadonlyMap<number, readonly ParetoPoint[]>): boolean {
  for (const [layers, cheapest] of byDepth)
    if (layers >= point.layers && cheapest.some((other) => isCheaper(other, point))) return true;
  return false;
}

const isCheaper = (a: ParetoPoint, b: ParetoPoint): boolean =>
  a.sampleFlops <= b.sampleFlops &&
  a.batchSize >= b.batchSize &&
  a.deviceBytes <= b.deviceBytes &&
  (a.offloaded & ~b.offloaded) === 0;

export const frontOrders = ['varied', 'size', 'layers', 'cost', 'memory'] as const;
export type FrontOrder = (typeof frontOrders)[number];

/** `size`: as the front comes, largest first. `varied`: every size once before any comes twice. The others keep the front's order among equals. */
export function orderFront(
  front: readonly number[],
  order: FrontOrder,
  pointOf: (index: number) => ParetoPoint,
): readonly number[] {
  if (order === 'size') return front;
  const keyOf: Readonly<Record<Exclude<FrontOrder, 'size'>, (point: ParetoPoint) => number>> = {
    varied: roundOf(),
    layers: ({ layers }) => -layers,
    cost: ({ sampleFlops }) => sampleFlops,
    memory: ({ deviceBytes }) => deviceBytes,
  };
  const keys = Float64Array.from(front, (index) => keyOf[order](pointOf(index)));
  const places = Uint32Array.from(front.keys()).sort((a, b) => keys[a]! - keys[b]!);
  return Array.from(places, (place) => front[place]!);
}

/** How many of its size came before: those of one size stand together. */
function roundOf(): (point: ParetoPoint) => number {
  let before: ParetoPoint | undefined;
  let round = 0;
  return (point) => {
    const { problem, hiddenDim, layers } = point;
    const isSame = before?.problem === problem && before.hiddenDim === hiddenDim && before.layers === layers;
    round = isSame ? round + 1 : 0;
    before = point;
    return round;
  };
}
