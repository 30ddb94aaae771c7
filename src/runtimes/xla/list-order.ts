/** `ListMemoryScheduler` (`memory-order.ts`), as the list of kernels that are ready, and of what each of them frees beyond what it makes. */
import type { Arrays, Order, Step, Versions } from './memory-order.js';

/** Single numbers come first (`GetPriority`, `ShapeUtil::IsEffectiveScalar`). */
const numberBytes = 4;
/** Several results are a tuple of pointers. */
export const pointerBytes = 8;

export function listOrder(versions: Versions): Order {
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

const isRelaid = ({ relaid }: Step, id: number): boolean => relaid?.has(id) === true;
