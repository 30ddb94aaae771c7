/**
 * What a checkpoint around modules would do to a step that was recorded (torch.utils.checkpoint): the arrays that their forward pass keeps
 * for the backward pass go when the call ends, and are made again, with everything that the call makes on the way, before the backward
 * pass comes to the module. What it is given stays until then. What differs from a real one: arrays that only autograd held inside the
 * call go at its end and not one by one, so that its own peak is an upper bound; and the replay runs to its end.
 */
import { categoryCode, type Trace } from './trace.js';

/** A call of a module in a forward pass. */
export interface ModuleCall {
  /** As `named_modules` has it. */
  readonly module: string;
  readonly firstEvent: number;
  /** The event after its last. */
  readonly endEvent: number;
  readonly flops: number;
  /** Buffers that it is given, and that it hands out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface RecordedArrays {
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
}

export interface Recomputed extends RecordedArrays {
  /** Of arrays that are dropped and made again in the last step. */
  readonly droppedBytes: number;
  /** FLOPs that are repeated in the last step. */
  readonly repeatedFlops: number;
}

/** One call and when what it keeps is needed again. */
interface Cut {
  readonly call: ModuleCall;
  readonly kept: ReadonlySet<number>;
  /** The event before which it runs again. */
  readonly replayBefore: number;
}

/** @param calls none inside another; those that keep nothing change nothing. */
export function recompute({ trace, bytesOfBuffer }: RecordedArrays, calls: readonly ModuleCall[]): Recomputed {
  const lives = livesOf(trace, bytesOfBuffer.length);
  const cuts = cutsOf(trace, lives, calls);
  const writer = new Writer(trace, bytesOfBuffer);
  const afterEvent = groupBy(cuts, ({ call }) => call.endEvent);
  const beforeEvent = groupBy(cuts, ({ replayBefore }) => replayBefore);
  const postponed = postponedFrees(cuts, lives);
  for (let event = 0; event <= trace.events.length; event++) {
    for (const { kept } of afterEvent.get(event) ?? []) for (const buffer of kept) writer.free(buffer);
    for (const cut of beforeEvent.get(event) ?? []) replay(writer, trace, lives, cut, postponed);
    if (event < trace.events.length) writer.copy(event, postponed);
  }
  const inLastStep = cuts.filter(({ call }) => call.firstEvent >= trace.lastStepFirstEvent);
  const bytesOf = ({ kept }: Cut) => [...kept].reduce((sum, buffer) => sum + bytesOfBuffer[buffer]!, 0);
  return {
    ...writer.finish(),
    droppedBytes: inLastStep.reduce((sum, cut) => sum + bytesOf(cut), 0),
    repeatedFlops: inLastStep.reduce((sum, { call }) => sum + call.flops, 0),
  };
}

interface Lives {
  readonly madeAt: Int32Array;
  /** Behind the last event where it is never freed. */
  readonly freedAt: Int32Array;
}

function livesOf({ events }: Trace, numBuffers: number): Lives {
  const madeAt = new Int32Array(numBuffers);
  const freedAt = new Int32Array(numBuffers).fill(events.length);
  for (const [position, event] of events.entries()) {
    if (event > 0) madeAt[event - 1] = position;
    else freedAt[-event - 1] = position;
  }
  return { madeAt, freedAt };
}

function cutsOf(trace: Trace, lives: Lives, calls: readonly ModuleCall[]): readonly Cut[] {
  const isBackward = phaseTest(trace);
  const cuts: Cut[] = [];
  // Backward passes come to the later call of a module first.
  for (const call of calls.toSorted((a, b) => b.firstEvent - a.firstEvent)) {
    const handedOut = new Set(call.outputs);
    const kept = new Set<number>();
    for (let event = call.firstEvent; event < call.endEvent; event++) {
      const buffer = trace.events[event]! - 1;
      if (buffer < 0 || handedOut.has(buffer)) continue;
      if (lives.freedAt[buffer]! >= call.endEvent && isBackward(lives.freedAt[buffer]!)) kept.add(buffer);
    }
    if (kept.size === 0) continue;
    const firstFree = Math.min(...Array.from(kept, (buffer) => lives.freedAt[buffer]!));
    const later = cuts.filter(({ call: { module, firstEvent } }) => module === call.module && firstEvent < firstFree);
    const from = Math.max(
      call.endEvent,
      ...later.flatMap(({ kept: others }) => Array.from(others, (buffer) => lives.freedAt[buffer]! + 1)),
    );
    cuts.push({ call, kept, replayBefore: firstBackwardEvent(trace, call.module, isBackward, from, firstFree) });
  }
  return cuts;
}

function phaseTest({ marks, events }: Trace): (event: number) => boolean {
  const isBackward = new Uint8Array(events.length);
  for (const [i, { phase, firstEvent }] of marks.entries())
    if (phase === 'backward') isBackward.fill(1, firstEvent, marks[i + 1]?.firstEvent ?? events.length);
  return (event) => isBackward[event] === 1;
}

/** The first array that the backward pass makes in the module, or `otherwise` where it makes none before. */
function firstBackwardEvent(
  { events, bufferModule, modules }: Trace,
  module: string,
  isBackward: (event: number) => boolean,
  from: number,
  otherwise: number,
): number {
  for (let event = from; event < otherwise; event++) {
    if (!isBackward(event) || events[event]! < 0) continue;
    const path = modules[bufferModule[events[event]! - 1]!]!;
    if (path === module || path.startsWith(`${module}.`)) return event;
  }
  return otherwise;
}

function groupBy(cuts: readonly Cut[], key: (cut: Cut) => number): ReadonlyMap<number, readonly Cut[]> {
  const groups = new Map<number, Cut[]>();
  for (const cut of cuts) groups.set(key(cut), [...(groups.get(key(cut)) ?? []), cut]);
  return groups;
}

/** Inputs of a call that would be gone when it runs again: they go when it has run. */
function postponedFrees(cuts: readonly Cut[], { freedAt }: Lives): Map<number, number> {
  const lastReplay = new Map<number, number>();
  for (const { call, replayBefore } of cuts)
    for (const buffer of call.inputs)
      if (freedAt[buffer]! < replayBefore) lastReplay.set(buffer, Math.max(replayBefore, lastReplay.get(buffer) ?? 0));
  return lastReplay;
}

function replay(
  writer: Writer,
  { events }: Trace,
  { madeAt }: Lives,
  { call, kept, replayBefore }: Cut,
  postponed: Map<number, number>,
): void {
  writer.mark({ phase: 'backward', recompute: true });
  const made: number[] = [];
  for (let event = call.firstEvent; event < call.endEvent; event++) {
    const buffer = Math.abs(events[event]!) - 1;
    if (events[event]! > 0) {
      writer.make(buffer, true);
      made.push(buffer);
    } else if (madeAt[buffer]! >= call.firstEvent) writer.freeCopy(buffer);
  }
  for (const buffer of made) if (!kept.has(buffer)) writer.freeCopy(buffer);
  writer.adopt(made.filter((buffer) => kept.has(buffer)));
  for (const [buffer, when] of postponed) {
    if (when !== replayBefore) continue;
    writer.free(buffer);
  }
  writer.mark({ phase: 'backward' });
}

/** Writes a trace anew: its buffers are numbered in order of allocation. */
class Writer {
  private readonly events: number[] = [];
  /** Which buffer of the old trace each new one is like. */
  private readonly likes: number[] = [];
  private readonly isReplayed: boolean[] = [];
  private readonly marks: Trace['marks'][number][] = [];
  /** Old buffer → the new one that stands for it; of one that is being made again, the copy. */
  private readonly current = new Map<number, number>();
  private readonly copies = new Map<number, number>();
  private nextMark = 0;
  private lastStepFirstEvent = 0;

  constructor(
    private readonly trace: Trace,
    private readonly bytesOfBuffer: Float64Array,
  ) {}

  copy(event: number, postponed: ReadonlyMap<number, number>): void {
    const { events, marks, lastStepFirstEvent } = this.trace;
    if (event === lastStepFirstEvent) this.lastStepFirstEvent = this.events.length;
    if (marks[this.nextMark]?.firstEvent === event) {
      const { firstEvent: _, ...mark } = marks[this.nextMark++]!;
      this.mark(mark);
    }
    const buffer = Math.abs(events[event]!) - 1;
    if (events[event]! > 0) this.make(buffer, false);
    else if (!postponed.has(buffer)) this.free(buffer);
  }

  mark(mark: Omit<Trace['marks'][number], 'firstEvent'>): void {
    if (this.marks.at(-1)?.firstEvent === this.events.length) this.marks.pop();
    this.marks.push({ ...mark, firstEvent: this.events.length });
  }

  make(buffer: number, isReplayed: boolean): void {
    const made = this.likes.length;
    this.likes.push(buffer);
    this.isReplayed.push(isReplayed);
    this.events.push(made + 1);
    (isReplayed ? this.copies : this.current).set(buffer, made);
  }

  /** Once: what a call dropped is freed where its copy would be, if it was made again. */
  free(buffer: number): void {
    this.end(this.current, buffer);
  }

  freeCopy(buffer: number): void {
    this.end(this.copies, buffer);
  }

  adopt(buffers: readonly number[]): void {
    for (const buffer of buffers) this.current.set(buffer, this.copies.get(buffer)!);
    this.copies.clear();
  }

  private end(of: Map<number, number>, buffer: number): void {
    const made = of.get(buffer);
    if (made === undefined) return;
    of.delete(buffer);
    this.events.push(-made - 1);
  }

  finish(): RecordedArrays {
    const { trace, likes, isReplayed } = this;
    const bufferCategory = Uint8Array.from(likes, (like, made) =>
      isReplayed[made] ? categoryCode.activation : trace.bufferCategory[like]!,
    );
    return {
      bytesOfBuffer: Float64Array.from(likes, (like) => this.bytesOfBuffer[like]!),
      trace: {
        ...trace,
        events: Int32Array.from(this.events),
        bufferLayout: Uint32Array.from(likes, (like) => trace.bufferLayout[like]!),
        bufferCategory,
        bufferModule: Uint32Array.from(likes, (like) => trace.bufferModule[like]!),
        bufferOperation: Uint32Array.from(likes, (like) => trace.bufferOperation[like]!),
        bufferOrigin: Uint8Array.from(likes, (like) => trace.bufferOrigin[like]!),
        marks: this.marks,
        lastStepFirstEvent: this.lastStepFirstEvent,
      },
    };
  }
}
