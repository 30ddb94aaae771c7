/**
 * Which order XLA's memory scheduler gives the kernels of a forecast's loop, and of a step that the latency hiding scheduler then reorders
 * (openxla/xla, hlo_memory_scheduler.cc, `DefaultMemoryScheduler`): the one that needs less of two, of equals the first.
 *
 * `ListMemoryScheduler` takes, of the kernels whose operands are there, the one that frees most bytes beyond those that it makes, of equals the
 * one that most others read, then the one that was ready last, or whose gain changed last. `DFSMemoryScheduler` goes from the result to what
 * it needs; a loop's kernels are handed over in that order (`data-flow.ts`). Memory is what is alive at once, without gaps, and without regard to results
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

/** Indices of the kernels of a step, which are handed over in the order of the code, in the order in which they run. */
export function orderOfStep(steps: readonly Step[], arrays: Arrays): readonly number[] {
  const versions = inVersions(steps, arrays);
  return leaner(listOrder(versions), depthFirst(versions), (order) => peakBytes(steps, order, arrays));
}

/**
 * …of the body of a loop, which are handed over depth first. Where the loop itself is called XLA counts its state twice, as what goes in and as
 * what comes out, and inside the body once, beside the body's own arrays: what needs less than a second state makes no difference.
 */
export function orderOfLoop(steps: readonly Step[], arrays: Arrays, stateBytes: number): readonly number[] {
  const needs = (order: readonly number[]) => Math.max(stateBytes, peakBytes(steps, order, arrays));
  return leaner(listOrder(inVersions(steps, arrays)), [...steps.keys()], needs);
}

type Order = readonly number[];

const leaner = (list: Order, depthFirst: Order, needs: (order: Order) => number): Order =>
  needs(list) <= needs(depthFirst) ? list : depthFirst;

/** Single numbers come first (`GetPriority`, `ShapeUtil::IsEffectiveScalar`). */
const numberBytes = 4;
/** Several results are a tuple of pointers. */
export const pointerBytes = 8;

/** `ListMemoryScheduler` */
function listOrder(versions: Versions): Order {
  const { steps, ...arrays } = withElements(versions);
  return new ListSchedule(steps, arrays).order().filter((index) => index < versions.steps.length);
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
    this.own = steps.map(({ reads }) => {
      const own: number[] = [];
      for (const id of reads) if (!isOutside(id) && !own.includes(id)) own.push(id);
      return own;
    });
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
  const isRead = new Uint8Array(bytesOf.length);
  const relaid = new Set<number>();
  for (const step of steps) {
    for (const id of step.reads) isRead[id] = 1;
    if (step.relaid !== undefined) for (const id of step.relaid) relaid.add(id);
  }
  const elements: Step[] = [];
  const whole = steps.map((step) => {
    const { writes } = step;
    if (writes.length < 2) return step;
    const pointers = bytesOf.push(pointerBytes * writes.length) - 1;
    const tuple = [...writes, pointers];
    for (const element of writes) if (isRead[element] === 1) elements.push({ reads: tuple, writes: [], element });
    return { ...step, writes: tuple };
  });
  const bitcasts = Array.from(relaid, (id): Step => ({ reads: [id], writes: [], bitcast: id }));
  return { ...arrays, steps: [...whole, ...elements, ...bitcasts], bytesOf };
}

/**
 * `DFSMemoryScheduler`: post-order from the results. Of several operands it takes that first whose makers have most other readers, then whose
 * makers' results are most bytes. Both are sums over all paths and soon as much as there is: the bytes up to there in a post-order from the
 * first operand to the last, of which the last is then taken first.
 */
function depthFirst({ steps, bytesOf }: Versions): Order {
  const operands = operandsOf(steps, bytesOf.length);
  const places = new Int32Array(steps.length);
  for (const [place, index] of postOrder(operands).entries()) places[index] = place;
  for (const each of operands) each.sort((a, b) => places[b]! - places[a]!);
  return postOrder(operands);
}

/** Per step: those whose results it reads, each once, in the order in which it reads them. */
function operandsOf(steps: readonly Step[], numArrays: number): number[][] {
  const makers = new Int32Array(numArrays).fill(-1);
  return steps.map(({ reads, writes }, index) => {
    const operands: number[] = [];
    for (const id of reads) {
      const maker = makers[id]!;
      if (maker >= 0 && !operands.includes(maker)) operands.push(maker);
    }
    for (const id of writes) makers[id] = index;
    return operands;
  });
}

/** From what nobody reads, the last first. Without recursion: a step of a thousand layers is as deep. */
function postOrder(operandsOf: readonly (readonly number[])[]): readonly number[] {
  const isRead = new Uint8Array(operandsOf.length);
  for (const operands of operandsOf) for (const operand of operands) isRead[operand] = 1;
  const isSeen = new Uint8Array(operandsOf.length);
  const numVisited = new Int32Array(operandsOf.length);
  const order: number[] = [];
  const path: number[] = [];
  const enter = (index: number): void => {
    if (isSeen[index] === 1) return;
    isSeen[index] = 1;
    path.push(index);
  };
  for (let root = operandsOf.length - 1; root >= 0; root--) {
    if (isRead[root] === 1) continue;
    enter(root);
    while (path.length > 0) {
      const index = path.at(-1)!;
      const next = operandsOf[index]![numVisited[index]!++];
      if (next !== undefined) enter(next);
      else order.push(path.pop()!);
    }
  }
  return order;
}

interface Versions extends Arrays {
  readonly steps: readonly Step[];
}

/** To XLA what overwrites an array, or adds to it, reads it and makes another one. */
function inVersions(steps: readonly Step[], arrays: Arrays): Versions {
  const bytesOf = [...arrays.bytesOf];
  const latest = Int32Array.from(bytesOf.keys());
  const isWritten = new Uint8Array(bytesOf.length);
  const nameOf = (id: number) => latest[id]!;
  const isFirst = (id: number) => latest[id] === id;
  const named = steps.map((step): Step => {
    if (step.reads.every(isFirst) && step.writes.every((id) => isWritten[id] === 0)) {
      for (const id of step.writes) isWritten[id] = 1;
      return step;
    }
    const reads = step.reads.map(nameOf);
    const relaid = step.relaid && new Set(Array.from(step.relaid, nameOf));
    for (const id of step.writes) {
      if (isWritten[id] === 1 && !arrays.isOutside(id)) {
        if (!step.reads.includes(id)) reads.push(nameOf(id));
        latest[id] = bytesOf.push(arrays.bytesOf[id]!) - 1;
      }
      isWritten[id] = 1;
    }
    return { reads, writes: step.writes.map(nameOf), ...(relaid && { relaid }) };
  });
  return { steps: named, bytesOf, isOutside: (id) => id < arrays.bytesOf.length && arrays.isOutside(id) };
}

const isRelaid = ({ relaid }: Step, id: number): boolean => relaid?.has(id) === true;

function peakBytes(steps: readonly Step[], order: readonly number[], { bytesOf, isOutside }: Arrays): number {
  const lastAt = new Int32Array(bytesOf.length).fill(-1);
  for (let at = 0; at < order.length; at++) {
    const { reads, writes } = steps[order[at]!]!;
    for (const id of reads) lastAt[id] = at;
    for (const id of writes) lastAt[id] = at;
  }
  const isAlive = new Uint8Array(bytesOf.length);
  let live = 0;
  let peak = 0;
  const release = (ids: readonly number[], at: number) => {
    for (const id of ids)
      if (lastAt[id] === at && isAlive[id] === 1) {
        isAlive[id] = 0;
        live -= bytesOf[id]!;
      }
  };
  for (let at = 0; at < order.length; at++) {
    const { reads, writes } = steps[order[at]!]!;
    for (const id of writes)
      if (isAlive[id] === 0 && !isOutside(id)) {
        isAlive[id] = 1;
        live += bytesOf[id]!;
      }
    peak = Math.max(peak, live);
    release(reads, at);
    release(writes, at);
  }
  return peak;
}
