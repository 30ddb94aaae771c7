/**
 * What a checkpoint around modules would do to a step that was recorded (torch.utils.checkpoint, use_reentrant=False, read in torch 2.13):
 * autograd keeps nothing of what a call saves, so that each array goes when everything else has let go of it; what the call is given stays
 * until autograd has let go of all that it saved. When the backward pass first needs one of those, the call runs again up to the last array
 * that is saved (`_StopRecomputationError`), and what is saved of it stays as long as before.
 *
 * Left out: a copy of a weight that autocast made in one call and kept for another is made once, and a checkpoint would make it in each.
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
  /** What autograd saved in it: positions in `Saves`, the last one not among them. */
  readonly firstSave: number;
  readonly endSave: number;
  /** The last array was saved before this event. */
  readonly lastSaveEvent: number;
}

/** Each time that autograd saved a buffer, and events: before which the backward pass first needed it, had used it, and let it go. */
export interface Saves {
  readonly buffer: readonly number[];
  readonly neededAt: readonly number[];
  readonly usedAt: readonly number[];
  readonly goneAt: readonly number[];
}

export interface RecordedArrays {
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
}

export interface StepWithSaves extends RecordedArrays {
  readonly saves: Saves;
  /** Of buffers that autograd saved: before which event everything else had let go of it. */
  readonly releases: ReadonlyMap<number, number>;
}

export interface Recomputed extends RecordedArrays {
  /** Of arrays that are dropped and made again in the last step. */
  readonly droppedBytes: number;
  /** FLOPs that are repeated in the last step. */
  readonly repeatedFlops: number;
}

/** @param calls none inside another; those that save nothing change nothing. */
export function recompute(step: StepWithSaves, calls: readonly ModuleCall[]): Recomputed {
  const { trace, bytesOfBuffer } = step;
  const cuts = calls.filter(({ firstSave, endSave }) => firstSave < endSave).map((call) => cutOf(step, call));
  const { freedAt, freedAfter } = freesOf(step, cuts);
  const replays = groupBy(cuts, ({ replayBefore }) => replayBefore);
  const freed = groupBy([...freedAfter.keys()], (buffer) => freedAfter.get(buffer)!);
  const writer = new Writer(trace, bytesOfBuffer);
  for (let event = 0; event < trace.events.length; event++) {
    for (const buffer of freed.get(event) ?? []) writer.free(buffer);
    writer.freeCopies(event);
    for (const cut of replays.get(event) ?? []) replay(writer, trace, cut);
    writer.copy(event, freedAfter);
  }
  const isInLastStep = (event: number) => event >= trace.lastStepFirstEvent;
  let droppedBytes = 0;
  for (const [buffer, event] of freedAfter)
    if (event < freedAt[buffer]! && isInLastStep(event)) droppedBytes += bytesOfBuffer[buffer]!;
  const repeated = cuts.filter(({ call }) => isInLastStep(call.firstEvent));
  return {
    ...writer.finish(),
    droppedBytes,
    repeatedFlops: repeated.reduce((sum, { call }) => sum + call.flops, 0),
  };
}

/** One call that is recomputed. */
interface Cut {
  readonly call: ModuleCall;
  /** The event before which it runs again. */
  readonly replayBefore: number;
  /** The event before which autograd has let go of all that it saved. */
  readonly overAt: number;
  /** Buffer → the event before which it was used: a checkpoint hands it out once. Of those that autograd still has when the call runs again. */
  readonly savedUntil: ReadonlyMap<number, number>;
}

function cutOf({ saves }: StepWithSaves, call: ModuleCall): Cut {
  let replayBefore = Number.POSITIVE_INFINITY;
  let overAt = 0;
  for (let save = call.firstSave; save < call.endSave; save++) {
    replayBefore = Math.min(replayBefore, saves.neededAt[save]!);
    overAt = Math.max(overAt, saves.goneAt[save]!);
  }
  const savedUntil = new Map<number, number>();
  for (let save = call.firstSave; save < call.endSave; save++) {
    if (saves.goneAt[save]! <= replayBefore) continue;
    const buffer = saves.buffer[save]!;
    savedUntil.set(buffer, Math.max(saves.usedAt[save]!, savedUntil.get(buffer) ?? 0));
  }
  return { call, replayBefore, overAt, savedUntil };
}

interface Frees {
  /** Where each buffer is freed in the step as it ran; behind the last event where it never is. */
  readonly freedAt: Int32Array;
  /** Before which event it is freed with the calls recomputed, where that is not the same. */
  readonly freedAfter: ReadonlyMap<number, number>;
}

function freesOf({ trace, bytesOfBuffer, saves, releases }: StepWithSaves, cuts: readonly Cut[]): Frees {
  const freedAt = new Int32Array(bytesOfBuffer.length).fill(trace.events.length);
  for (const [position, event] of trace.events.entries()) if (event < 0) freedAt[-event - 1] = position;
  const isCut = new Uint8Array(saves.buffer.length);
  for (const { call } of cuts) isCut.fill(1, call.firstSave, call.endSave);
  const until = freedAt.slice();
  for (const [buffer, event] of releases) until[buffer] = event;
  for (const [save, buffer] of saves.buffer.entries())
    if (isCut[save] === 0) until[buffer] = Math.max(until[buffer]!, saves.goneAt[save]!);
  for (const { call, overAt } of cuts)
    for (const buffer of call.inputs) until[buffer] = Math.max(until[buffer]!, overAt);
  const freedAfter = new Map<number, number>();
  for (const [buffer, event] of until.entries()) if (event !== freedAt[buffer]) freedAfter.set(buffer, event);
  return { freedAt, freedAfter };
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => number): ReadonlyMap<number, readonly Item[]> {
  const groups = new Map<number, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** What the call lets go of on the way goes; at the last array that is saved it is left, and what only it held goes. */
function replay(writer: Writer, { events }: Trace, { call, savedUntil }: Cut): void {
  writer.mark({ phase: 'backward', recompute: true });
  const copies = new Map<number, number>();
  for (let event = call.firstEvent; event < call.lastSaveEvent; event++) {
    const buffer = Math.abs(events[event]!) - 1;
    if (events[event]! > 0) copies.set(buffer, writer.make(buffer, true));
    else if (copies.has(buffer) && !savedUntil.has(buffer)) {
      writer.end(copies.get(buffer)!);
      copies.delete(buffer);
    }
  }
  for (const [buffer, copy] of copies) {
    const until = savedUntil.get(buffer);
    if (until === undefined) writer.end(copy);
    else writer.keep(copy, until);
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
  /** Old buffer → the new one that stands for it. */
  private readonly current = new Map<number, number>();
  /** Event → copies that are freed before it. */
  private readonly copies = new Map<number, number[]>();
  private nextMark = 0;
  private lastStepFirstEvent = 0;

  constructor(
    private readonly trace: Trace,
    private readonly bytesOfBuffer: Float64Array,
  ) {}

  /** One event of the old trace; those of `freedElsewhere` are freed by `free`. */
  copy(event: number, freedElsewhere: ReadonlyMap<number, unknown>): void {
    const { events, marks, lastStepFirstEvent } = this.trace;
    if (event === lastStepFirstEvent) this.lastStepFirstEvent = this.events.length;
    if (marks[this.nextMark]?.firstEvent === event) {
      const { firstEvent: _, ...mark } = marks[this.nextMark++]!;
      this.mark(mark);
    }
    const buffer = Math.abs(events[event]!) - 1;
    if (events[event]! > 0) this.current.set(buffer, this.make(buffer, false));
    else if (!freedElsewhere.has(buffer)) this.free(buffer);
  }

  mark(mark: Omit<Trace['marks'][number], 'firstEvent'>): void {
    if (this.marks.at(-1)?.firstEvent === this.events.length) this.marks.pop();
    this.marks.push({ ...mark, firstEvent: this.events.length });
  }

  make(buffer: number, isReplayed: boolean): number {
    const made = this.likes.length;
    this.likes.push(buffer);
    this.isReplayed.push(isReplayed);
    this.events.push(made + 1);
    return made;
  }

  end(made: number): void {
    this.events.push(-made - 1);
  }

  free(buffer: number): void {
    this.end(this.current.get(buffer)!);
  }

  keep(copy: number, until: number): void {
    this.copies.set(until, [...(this.copies.get(until) ?? []), copy]);
  }

  freeCopies(event: number): void {
    for (const copy of this.copies.get(event) ?? []) this.end(copy);
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
