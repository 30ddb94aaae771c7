/**
 * A long rollout is traced with a few of its steps, and one of the middle is repeated: what it makes and frees, each turn makes and frees
 * in its place, of itself and of the turns beside it. `tests/laws/turns.exhaustive.test.ts` compares that with all steps traced.
 */
import type { Trace, TurnMark } from './trace.js';

/** Events outside all turns. */
export const noTurn = -1;

/** The buffer of an event does not move by as much from each turn to the next. */
const ofNoLine = -0x80000000;

/** A run of events of one turn, or of none, and the buffers that they make. */
interface Section extends TurnMark {
  /** 1 where the next section is that of the next turn, −1 where that of the one before: in a backward pass the last comes first. */
  direction: 1 | -1;
  readonly endEvent: number;
  readonly firstBuffer: number;
  readonly numBuffers: number;
  /** The number of its first buffer now; each repetition makes `numBuffers` more. */
  newFirstBuffer: number;
}

/** `trace` with `times` turns in the place of its turn number `repeated`. */
export function withTurns(trace: Trace, marks: readonly TurnMark[], repeated: number, times: number): Trace {
  return new Repetition(trace, sectionsOf(trace, marks), repeated, times).run();
}

function sectionsOf({ events }: Trace, marks: readonly TurnMark[]): readonly Section[] {
  const begins = [{ turn: noTurn, firstEvent: 0 }, ...marks];
  const sections: Section[] = [];
  let firstBuffer = 0;
  for (const [i, { turn, firstEvent }] of begins.entries()) {
    const endEvent = begins[i + 1]?.firstEvent ?? events.length;
    if (firstEvent === endEvent) continue;
    const isMore = sections.at(-1)?.turn === turn;
    const before = isMore ? sections.pop()! : { firstEvent, firstBuffer, numBuffers: 0 };
    const numBuffers = before.numBuffers + numMade(events.subarray(firstEvent, endEvent));
    const range = { firstEvent: before.firstEvent, endEvent, firstBuffer: before.firstBuffer, numBuffers };
    sections.push({ turn, ...range, direction: 1, newFirstBuffer: 0 });
    firstBuffer = before.firstBuffer + numBuffers;
  }
  for (const [i, section] of sections.entries())
    if (sections[i - 1]?.turn === section.turn + 1 || sections[i + 1]?.turn === section.turn - 1)
      section.direction = -1;
  return sections;
}

const numMade = (events: Int32Array): number => events.reduce((sum, event) => sum + (event > 0 ? 1 : 0), 0);

class Repetition {
  private readonly sectionOf: Uint32Array;
  private readonly events: Int32Array;
  private numEvents = 0;
  private numBuffers = 0;
  private readonly numBuffersInAll: number;
  private readonly marks: Trace['marks'][number][] = [];
  private nextMark = 0;
  /** The event that it stands before, or that of the last step. */
  private nextMarkAt = 0;
  private lastStepFirstEvent = 0;

  constructor(
    private readonly trace: Trace,
    private readonly sections: readonly Section[],
    private readonly repeated: number,
    private readonly times: number,
  ) {
    this.sectionOf = new Uint32Array(trace.bufferLayout.length);
    for (const [index, { firstBuffer, numBuffers }] of sections.entries())
      this.sectionOf.fill(index, firstBuffer, firstBuffer + numBuffers);
    const timesOf = (turn: number) => (turn === repeated ? times : 1);
    const numEvents = sections.reduce((sum, section) => sum + this.numEventsOf(section), 0);
    const numBuffers = sections.reduce((sum, { turn, numBuffers }) => sum + numBuffers * timesOf(turn), 0);
    this.events = new Int32Array(numEvents);
    this.numBuffersInAll = numBuffers;
  }

  run(): Trace {
    const { trace } = this;
    for (const section of this.sections) {
      section.newFirstBuffer = this.numBuffers;
      if (section.turn === this.repeated) this.writeTurns(section);
      else this.writeOnce(section);
    }
    this.passMarks(trace.events.length);
    return {
      ...trace,
      events: this.events,
      bufferLayout: this.ofAllTurns(trace.bufferLayout, Uint32Array),
      bufferCategory: this.ofAllTurns(trace.bufferCategory, Uint8Array),
      bufferModule: this.ofAllTurns(trace.bufferModule, Uint32Array),
      bufferOperation: this.ofAllTurns(trace.bufferOperation, Uint32Array),
      bufferOrigin: this.ofAllTurns(trace.bufferOrigin, Uint8Array),
      marks: this.marks,
      lastStepFirstEvent: this.lastStepFirstEvent,
    };
  }

  /** A column of the buffers: those of a section follow each other, in every turn. */
  private ofAllTurns<Column extends Uint32Array | Uint8Array>(
    column: Column,
    Made: new (length: number) => Column,
  ): Column {
    const all = new Made(this.numBuffersInAll);
    for (const { turn, firstBuffer, numBuffers, newFirstBuffer } of this.sections) {
      const ofSection = column.subarray(firstBuffer, firstBuffer + numBuffers);
      const times = turn === this.repeated ? this.times : 1;
      for (let i = 0; i < times; i++) all.set(ofSection, newFirstBuffer + i * numBuffers);
    }
    return all;
  }

  private numEventsOf({ turn, firstEvent, endEvent }: Section): number {
    if (turn === this.repeated) return (endEvent - firstEvent) * this.times;
    let count = endEvent - firstEvent;
    for (let i = firstEvent; i < endEvent; i++)
      if (this.isOfAllTurns(turn, this.trace.events[i]!)) count += this.times - 1;
    return count;
  }

  /** Of the buffer that an event makes or frees. */
  private turnOf = (event: number): number => this.sections[this.sectionOf[Math.abs(event) - 1]!]!.turn;

  /** Which turn it is of all; of the repeated one the first. */
  private placeOf = (turn: number): number => (turn <= this.repeated ? turn : turn + this.times - 1);

  private writeTurns(section: Section): void {
    const { nextMark, events } = this;
    const { turn, firstEvent, endEvent, direction } = section;
    const more = this.moreEachTurn(section);
    const written = this.numEvents;
    for (let i = 0; i < this.times; i++) {
      this.nextMark = nextMark;
      this.nextMarkAt = 0;
      const place = this.placeOfRepeated(direction, i);
      for (let event = firstEvent; event < endEvent; event++) {
        const each = more[event - firstEvent]!;
        if (i === 0 || each === ofNoLine) this.write(event, place, turn);
        else {
          if (event >= this.nextMarkAt) this.passMarks(event);
          events[this.numEvents++] = events[written + event - firstEvent]! + i * each;
        }
      }
      this.numBuffers = section.newFirstBuffer + (i + 1) * section.numBuffers;
    }
  }

  /** By how much the number of the buffer that an event makes or frees moves from one turn to the next, where it always moves by as much. */
  private moreEachTurn({ firstEvent, endEvent, turn, numBuffers, direction }: Section): Int32Array {
    return this.trace.events.subarray(firstEvent, endEvent).map((event) => {
      if (event > 0) return numBuffers;
      const other = this.sections[this.sectionOf[-event - 1]!]!;
      if (other.turn !== turn) return other.turn === noTurn ? 0 : ofNoLine;
      return other.direction === direction ? -other.numBuffers : other.numBuffers;
    });
  }

  private placeOfRepeated(direction: 1 | -1, nth: number): number {
    return this.repeated + (direction === 1 ? nth : this.times - 1 - nth);
  }

  /** What is freed of one turn after the other, is freed of all those that are repeated. */
  private writeOnce({ firstEvent, endEvent, turn }: Section): void {
    const { events } = this.trace;
    const turnAt = (i: number) => (i < firstEvent || i >= endEvent ? noTurn : this.turnOf(events[i]!));
    for (let first = firstEvent; first < endEvent; ) {
      let end = first + 1;
      if (!this.isOfAllTurns(turn, events[first]!)) this.write(first, this.placeOf(turn), turn);
      else {
        while (turnAt(end) === this.repeated) end++;
        const direction = turnAt(first - 1) === this.repeated + 1 || turnAt(end) === this.repeated - 1 ? -1 : 1;
        for (let nth = 0; nth < this.times; nth++)
          for (let i = first; i < end; i++) this.write(i, this.placeOfRepeated(direction, nth), this.repeated);
      }
      first = end;
    }
  }

  /** Freed far from its turn: every turn has one. */
  private isOfAllTurns(turn: number, event: number): boolean {
    return this.turnOf(event) === this.repeated && (turn === noTurn || Math.abs(turn - this.repeated) > 1);
  }

  /** The event of a turn that stands at `place` now. */
  private write(index: number, place: number, turn: number): void {
    this.passMarks(index);
    const event = this.trace.events[index]!;
    if (event > 0) this.events[this.numEvents++] = ++this.numBuffers;
    else this.events[this.numEvents++] = -1 - this.newBuffer(-event - 1, place, turn);
  }

  private passMarks(index: number): void {
    if (index < this.nextMarkAt) return;
    const { marks, lastStepFirstEvent } = this.trace;
    if (index === lastStepFirstEvent) this.lastStepFirstEvent = this.numEvents;
    for (; marks[this.nextMark] !== undefined && marks[this.nextMark]!.firstEvent <= index; this.nextMark++)
      this.marks.push({ ...marks[this.nextMark]!, firstEvent: this.numEvents });
    const next = marks[this.nextMark]?.firstEvent ?? Number.POSITIVE_INFINITY;
    this.nextMarkAt = index < lastStepFirstEvent ? Math.min(next, lastStepFirstEvent) : next;
  }

  /** Of a turn beside it the buffer in the same place, of any other the buffer itself. */
  private newBuffer(buffer: number, place: number, turn: number): number {
    const { repeated, times, sections } = this;
    const index = this.sectionOf[buffer]!;
    const section = sections[index]!;
    const offset = buffer - section.firstBuffer;
    if (section.turn === noTurn) return section.newFirstBuffer + offset;
    const distance = section.turn - turn;
    const target = Math.abs(distance) <= 1 ? place + distance : this.placeOf(section.turn);
    const written = target < repeated ? target : Math.max(repeated, target - times + 1);
    const there = sections[index + (written - section.turn) * section.direction]!;
    if (there.turn !== written || offset >= there.numBuffers)
      throw new Error(`turns ${written} and ${section.turn} of a rollout are not alike`);
    const fromFirst = target - repeated;
    const nth = written !== repeated ? 0 : section.direction === 1 ? fromFirst : times - 1 - fromFirst;
    return there.newFirstBuffer + nth * there.numBuffers + offset;
  }
}
