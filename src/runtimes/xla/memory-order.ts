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
  /** An array of a kernel with several results, which others read through it: an instruction that makes nothing (`get-tuple-element`). */
  readonly element?: number;
  /** The array that it hands on in another shape. */
  readonly bitcast?: number;
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

/** `ListMemoryScheduler` */
export function listOrder(steps: readonly Step[], arrays: Arrays): readonly number[] {
  const { steps: all, ...others } = withElements(inVersions(steps, arrays));
  return new ListSchedule(all, others).order().filter((index) => index < steps.length);
}

/** In columns and loops: a step of thousands of kernels is ordered for every plan that a search looks at. */
class ListSchedule {
  private readonly numArrays: number;
  /** Per step: the arrays inside the loop that it reads, each once. */
  private readonly own: readonly (readonly number[])[];
  private readonly bytesMade: Float64Array;
  private readonly readersOf: number[][] = [];
  private readonly usesLeft: Int32Array;
  private readonly numWaiting: Int32Array;
  private readonly followers: readonly (readonly number[])[];
  private readonly ready: number[] = [];
  /** Bytes freed beyond those made, and when a step became ready, or its gain last changed. */
  private readonly gain: Float64Array;
  private readonly since: Int32Array;
  private now = 0;

  constructor(
    private readonly steps: readonly Step[],
    private readonly arrays: Arrays,
  ) {
    const { isOutside, bytesOf } = arrays;
    this.numArrays = bytesOf.length;
    this.own = steps.map(({ reads }) => [...new Set(reads)].filter((id) => !isOutside(id)));
    this.usesLeft = new Int32Array(this.numArrays);
    for (const [index, ids] of this.own.entries())
      for (const id of ids) {
        push(this.readersOf, id, index);
        this.usesLeft[id]! += 1;
      }
    this.bytesMade = Float64Array.from(steps, ({ writes }) => {
      let bytes = 0;
      for (const id of writes) if (!isOutside(id)) bytes += bytesOf[id]!;
      return bytes;
    });
    this.gain = new Float64Array(steps.length);
    this.since = new Int32Array(steps.length);
    this.numWaiting = new Int32Array(steps.length);
    this.followers = this.followersOf();
  }

  order(): readonly number[] {
    const { steps, own, ready, numWaiting, usesLeft, readersOf, followers } = this;
    for (const index of steps.keys()) if (numWaiting[index] === 0) this.enter(index);
    const order: number[] = [];
    /** Per step: the last one that was placed and reads an operand of it. */
    const besides = new Int32Array(steps.length).fill(-1);
    while (ready.length > 0) {
      const [index] = ready.splice(this.best(), 1) as [number];
      order.push(index);
      let isLast = false;
      for (const id of own[index]!) {
        usesLeft[id]! -= 1;
        if (usesLeft[id] === 1) isLast = true;
      }
      for (const next of followers[index]!) if (--numWaiting[next]! === 0) this.enter(next);
      // XLA looks at the other readers of its operands alone.
      if (!isLast) continue;
      for (const id of own[index]!)
        for (const reader of readersOf[id]!)
          if (isRelaid(steps[index]!, id) === isRelaid(steps[reader]!, id)) besides[reader] = index;
      for (const each of ready) if (besides[each] === index) this.gainAgain(each);
    }
    return order;
  }

  private enter(index: number): void {
    this.ready.push(index);
    this.gain[index] = this.gainOf(index);
    this.since[index] = this.now++;
  }

  private gainAgain(index: number): void {
    const gain = this.gainOf(index);
    if (gain === this.gain[index]) return;
    this.gain[index] = gain;
    this.since[index] = this.now++;
  }

  private gainOf(index: number): number {
    const { bytesOf } = this.arrays;
    const { writes, element = writes[0] } = this.steps[index]!;
    if (writes.length <= 1 && element !== undefined && bytesOf[element]! <= numberBytes)
      return Number.POSITIVE_INFINITY;
    let freed = 0;
    for (const id of this.own[index]!) if (this.usesLeft[id] === 1) freed += bytesOf[id]!;
    return freed - this.bytesMade[index]!;
  }

  /** Index in `ready`: of equals the last, which has been ready for the shortest time. */
  private best(): number {
    const { ready, gain, since, followers } = this;
    let best = 0;
    for (let at = 1; at < ready.length; at++) {
      const a = ready[at]!;
      const b = ready[best]!;
      const isBetter =
        gain[a] === gain[b]
          ? (followers[a]!.length - followers[b]!.length || since[a]! - since[b]!) > 0
          : gain[a]! > gain[b]!;
      if (isBetter) best = at;
    }
    return best;
  }

  /** Of a step, those that have to run later: who reads what it wrote, or what it hands on. */
  private followersOf(): readonly (readonly number[])[] {
    const { steps, numArrays, numWaiting } = this;
    const followers: number[][] = steps.map(() => []);
    const makers = new Int32Array(numArrays).fill(-1);
    const elements = new Int32Array(numArrays).fill(-1);
    const bitcasts = new Int32Array(numArrays).fill(-1);
    for (const [index, { writes, element, bitcast }] of steps.entries()) {
      for (const id of writes) makers[id] = index;
      if (element !== undefined) elements[element] = index;
      if (bitcast !== undefined) bitcasts[bitcast] = index;
    }
    for (const [index, step] of steps.entries())
      for (const id of step.reads) {
        const source = step.element === undefined && elements[id]! >= 0 ? elements[id]! : makers[id]!;
        const earlier = isRelaid(step, id) ? bitcasts[id]! : source;
        // Each once: those of an earlier step come in the order of the steps.
        if (earlier < 0 || earlier === index || followers[earlier]!.at(-1) === index) continue;
        followers[earlier]!.push(index);
        numWaiting[index]! += 1;
      }
    return followers;
  }
}

function push(lists: (number[] | undefined)[], at: number, item: number): void {
  const list = lists[at];
  if (list === undefined) lists[at] = [item];
  else list.push(item);
}

/**
 * Behind all steps the instructions that make nothing: elements of those with several results, which hold a pointer each besides, and arrays
 * in another shape.
 */
function withElements({ steps, ...arrays }: Versions): Versions {
  const bytesOf = [...arrays.bytesOf];
  const read = new Set(steps.flatMap(({ reads }) => reads));
  const elements: Step[] = [];
  const whole = steps.map((step) => {
    const { writes } = step;
    if (writes.length < 2) return step;
    const pointers = bytesOf.push(pointerBytes * writes.length) - 1;
    for (const element of writes)
      if (read.has(element)) elements.push({ reads: [...writes, pointers], writes: [], element });
    return { ...step, writes: [...writes, pointers] };
  });
  const relaid = new Set(steps.flatMap((step) => [...(step.relaid ?? [])]));
  const bitcasts = [...relaid].map((id): Step => ({ reads: [id], writes: [], bitcast: id }));
  return { ...arrays, steps: [...whole, ...elements, ...bitcasts], bytesOf };
}

interface Versions extends Arrays {
  readonly steps: readonly Step[];
}

/** To XLA what overwrites an array frees it and makes another one. */
function inVersions(steps: readonly Step[], arrays: Arrays): Versions {
  const bytesOf = [...arrays.bytesOf];
  const latest = new Map<number, number>();
  const written = new Set<number>();
  const nameOf = (id: number) => latest.get(id) ?? id;
  const named = steps.map((step): Step => {
    const reads = step.reads.map(nameOf);
    const relaid = new Set([...(step.relaid ?? [])].map(nameOf));
    for (const id of step.writes) {
      if (written.has(id) && !arrays.isOutside(id)) latest.set(id, bytesOf.push(arrays.bytesOf[id]!) - 1);
      written.add(id);
    }
    return { reads, writes: step.writes.map(nameOf), relaid };
  });
  return { steps: named, bytesOf, isOutside: (id) => id < arrays.bytesOf.length && arrays.isOutside(id) };
}

const isRelaid = ({ relaid }: Step, id: number): boolean => relaid?.has(id) === true;

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
