/**
 * Which order XLA's memory scheduler gives the kernels of a forecast's loop, and of a step that the latency hiding scheduler then reorders
 * (openxla/xla, hlo_memory_scheduler.cc, `DefaultMemoryScheduler`): the one that needs less of two, of equals the first.
 *
 * `ListMemoryScheduler` takes, of the kernels whose operands are there, the one that frees most bytes beyond those that it makes, of equals the
 * one that most others read, then the one that was ready last, or whose gain changed last. `DFSMemoryScheduler` goes from the result to what
 * it needs; kernels are handed over in that order (`data-flow.ts`). Memory is what is alive at once, without gaps, and without regard to results
 * that lie still unwritten.
 */
export interface Step {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** Of what it reads: arrays of another shape than they were written in, through an instruction of its own (`bitcast`). */
  readonly relaid?: ReadonlySet<number>;
}

/** Bytes per array; arrays that outlive the loop's body count as never made and never freed. */
export interface Arrays {
  readonly bytesOf: readonly number[];
  readonly isOutside: (array: number) => boolean;
}

/**
 * Indices of the kernels in the order in which they run. Where the loop itself is called XLA counts its state twice, as what goes in and as
 * what comes out, and inside the body once, beside the body's own arrays: what needs less than a second state makes no difference.
 */
export function orderByMemory(steps: readonly Step[], arrays: Arrays, stateBytes: number): readonly number[] {
  const depthFirst = [...steps.keys()];
  const list = listOrder(steps, arrays);
  const needs = (order: readonly number[]) => Math.max(stateBytes, peakBytes(steps, order, arrays));
  return needs(list) <= needs(depthFirst) ? list : depthFirst;
}

/** Single numbers come first (`GetPriority`, `ShapeUtil::IsEffectiveScalar`). */
const numberBytes = 4;
/** Several results are a tuple of pointers. */
export const pointerBytes = 8;

interface Ready {
  readonly index: number;
  readonly numReaders: number;
  /** Bytes freed beyond those made. */
  gain: number;
  /** When it became ready, or its gain last changed. */
  since: number;
}

/** `ListMemoryScheduler` */
export function listOrder(steps: readonly Step[], { bytesOf, isOutside }: Arrays): readonly number[] {
  const own = steps.map(({ reads }) => [...new Set(reads)].filter((id) => !isOutside(id)));
  const readersOf = new Map<number, number[]>();
  for (const [index, ids] of own.entries())
    for (const id of ids) readersOf.set(id, [...(readersOf.get(id) ?? []), index]);
  const usesLeft = new Map([...readersOf].map(([id, readers]) => [id, readers.length]));
  const isNumber = ({ writes }: Step) => writes.length === 1 && bytesOf[writes[0]!]! <= numberBytes;
  const bytesMade = steps.map(({ writes }) => {
    const pointers = writes.length > 1 ? pointerBytes * writes.length : 0;
    const made = writes.filter((id) => !isOutside(id));
    return sum(made, bytesOf) + pointers;
  });
  const gainOf = (index: number): number => {
    if (isNumber(steps[index]!)) return Number.POSITIVE_INFINITY;
    const freed = own[index]!.filter((id) => usesLeft.get(id) === 1);
    return sum(freed, bytesOf) - bytesMade[index]!;
  };

  const before = predecessors(steps);
  const numWaiting = before.map((each) => each.size);
  const followers: number[][] = steps.map(() => []);
  for (const [index, each] of before.entries()) for (const earlier of each) followers[earlier]!.push(index);
  const ready: Ready[] = [];
  let since = 0;
  const enter = (index: number) =>
    ready.push({ index, numReaders: followers[index]!.length, gain: gainOf(index), since: since++ });
  for (const [index, count] of numWaiting.entries()) if (count === 0) enter(index);

  const order: number[] = [];
  while (ready.length > 0) {
    const at = indexOfBest(ready);
    const [{ index }] = ready.splice(at, 1) as [Ready];
    order.push(index);
    const step = steps[index]!;
    let isLast = false;
    for (const id of own[index]!) {
      const left = usesLeft.get(id)! - 1;
      usesLeft.set(id, left);
      isLast ||= left === 1;
    }
    for (const next of followers[index]!) if (--numWaiting[next]! === 0) enter(next);
    // XLA looks at the other readers of its operands alone.
    if (!isLast) continue;
    const others = new Set<number>();
    for (const id of own[index]!)
      for (const reader of readersOf.get(id)!)
        if (isRelaid(step, id) === isRelaid(steps[reader]!, id)) others.add(reader);
    for (const each of ready) {
      if (!others.has(each.index)) continue;
      const gain = gainOf(each.index);
      if (gain === each.gain) continue;
      each.gain = gain;
      each.since = since++;
    }
  }
  return order;
}

/** Two of them may be infinite. */
const compared = (a: number, b: number): number => (a === b ? 0 : a - b);

const isRelaid = ({ relaid }: Step, id: number): boolean => relaid?.has(id) === true;

/** Of equals the last: it has been ready for the shortest time. */
function indexOfBest(ready: readonly Ready[]): number {
  let best = 0;
  for (const [at, { gain, numReaders, since }] of ready.entries()) {
    const other = ready[best]!;
    if ((compared(gain, other.gain) || numReaders - other.numReaders || since - other.since) > 0) best = at;
  }
  return best;
}

/** Who has to run before: who wrote what a kernel reads, and who reads what it overwrites. */
function predecessors(steps: readonly Step[]): readonly ReadonlySet<number>[] {
  const writer = new Map<number, number>();
  const readers = new Map<number, number[]>();
  return steps.map(({ reads, writes }, index) => {
    const before = new Set<number>();
    for (const id of [...reads, ...writes]) if (writer.has(id)) before.add(writer.get(id)!);
    for (const id of writes) for (const reader of readers.get(id) ?? []) before.add(reader);
    before.delete(index);
    for (const id of reads) readers.set(id, [...(readers.get(id) ?? []), index]);
    for (const id of writes) {
      writer.set(id, index);
      readers.delete(id);
    }
    return before;
  });
}

function peakBytes(steps: readonly Step[], order: readonly number[], { bytesOf, isOutside }: Arrays): number {
  const lastAt = new Map<number, number>();
  for (const [at, index] of order.entries()) {
    const { reads, writes } = steps[index]!;
    for (const id of [...reads, ...writes]) if (!isOutside(id)) lastAt.set(id, at);
  }
  const alive = new Set<number>();
  let live = 0;
  let peak = 0;
  for (const [at, index] of order.entries()) {
    const { reads, writes } = steps[index]!;
    for (const id of writes)
      if (!isOutside(id) && !alive.has(id)) {
        alive.add(id);
        live += bytesOf[id]!;
      }
    peak = Math.max(peak, live);
    for (const id of new Set([...reads, ...writes]))
      if (lastAt.get(id) === at && alive.delete(id)) live -= bytesOf[id]!;
  }
  return peak;
}

const sum = (ids: readonly number[], bytesOf: readonly number[]): number =>
  ids.reduce((total, id) => total + bytesOf[id]!, 0);
