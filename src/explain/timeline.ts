/**
 * The last step of a trace as a list of operations, in the order in which they run: each with the most bytes that were alive
 * while it ran. An operation lasts from its first allocation to the next operation's; what is freed in between is freed by it.
 */
import { InputError } from '../errors.js';
import { categories, type Phase, type Trace } from '../memory/trace.js';

/** 440 bytes of JSON each: V8 makes no text of more than 512 MB. The longest step of one option, 1,024 layers, has 390,022. */
const mostOperations = 500_000;

export interface TimelineOperation {
  readonly operation: string;
  readonly module: string;
  readonly phase: Phase;
  /** A forward operation that runs again for the backward pass. */
  readonly recompute: boolean;
  readonly liveBytes: number;
  /** In the order of `categories`; they sum to `liveBytes`. */
  readonly byCategory: readonly number[];
  /** In the order of the trace's modules; they sum to `liveBytes`. */
  readonly byModule: readonly number[];
}

export interface Timeline {
  readonly operations: readonly TimelineOperation[];
  /** Position in `operations` of the event `index`; null before the step. */
  readonly operationAt: (event: number) => number | null;
}

export interface Moment {
  readonly phase: Phase;
  readonly recompute: boolean;
}

/** Phase and recomputation of every event from the marks of the trace. */
export function momentsOf({ marks, events }: Trace): readonly Moment[] {
  const moments: Moment[] = [];
  let moment: Moment = { phase: 'setup', recompute: false };
  let next = 0;
  for (let event = 0; event < events.length; event++) {
    while (marks[next]?.firstEvent === event) {
      const { phase, recompute = false } = marks[next++]!;
      moment = { phase, recompute };
    }
    moments.push(moment);
  }
  return moments;
}

class Live {
  bytes = 0;
  readonly byCategory: number[] = categories.map(() => 0);
  readonly byModule: number[];

  constructor(
    private readonly trace: Trace,
    private readonly bytesOfBuffer: Float64Array,
  ) {
    this.byModule = trace.modules.map(() => 0);
  }

  /** `sign`: 1 for an allocation, −1 for a free. */
  add(buffer: number, sign: number): void {
    const bytes = sign * this.bytesOfBuffer[buffer]!;
    this.bytes += bytes;
    this.byCategory[this.trace.bufferCategory[buffer]!]! += bytes;
    this.byModule[this.trace.bufferModule[buffer]!]! += bytes;
  }
}

/** @throws InputError where there would be more than half a million */
export function timelineOf(trace: Trace, bytesOfBuffer: Float64Array): Timeline {
  const { events, lastStepFirstEvent, bufferOperation, bufferModule } = trace;
  const moments = momentsOf(trace);
  const live = new Live(trace, bytesOfBuffer);
  const operations: TimelineOperation[] = [];
  const operationOfEvent = new Int32Array(events.length).fill(-1);
  let running = -1;
  let since: Moment | undefined;
  for (let event = 0; event < events.length; event++) {
    const change = events[event]!;
    const buffer = Math.abs(change) - 1;
    live.add(buffer, Math.sign(change));
    if (event < lastStepFirstEvent) continue;
    const moment = moments[event]!;
    const begins = change > 0 && (bufferOperation[buffer] !== running || moment !== since);
    if (begins) {
      running = bufferOperation[buffer]!;
      since = moment;
    }
    if (begins || (change > 0 && live.bytes > operations.at(-1)!.liveBytes)) {
      if (!begins) operations.pop();
      else if (operations.length === mostOperations) throw tooLong();
      operations.push({
        operation: trace.operations[running]!,
        module: trace.modules[bufferModule[buffer]!]!,
        ...moment,
        liveBytes: live.bytes,
        byCategory: [...live.byCategory],
        byModule: [...live.byModule],
      });
    }
    operationOfEvent[event] = operations.length - 1;
  }
  return { operations, operationAt: (event) => (operationOfEvent[event]! < 0 ? null : operationOfEvent[event]!) };
}

const tooLong = (): InputError =>
  new InputError(
    'step-too-long',
    `The step has more than ${mostOperations.toLocaleString('en')} operations: too many to list one by one.`,
    ['--rollout 1, or fewer blocks or layers: each further one is like the last', 'gc-plan estimate: the number alone'],
  );

export interface PhaseSpan extends Moment {
  /** Positions in the operations. */
  readonly firstOperation: number;
  readonly lastOperation: number;
  readonly peakLiveBytes: number;
}

/** Runs of operations of one phase, in order. */
export function phasesOf({ operations }: Pick<Timeline, 'operations'>): readonly PhaseSpan[] {
  const phases: PhaseSpan[] = [];
  for (const [index, { phase, recompute, liveBytes }] of operations.entries()) {
    const last = phases.at(-1);
    if (last?.phase === phase && last.recompute === recompute) {
      phases[phases.length - 1] = {
        ...last,
        lastOperation: index,
        peakLiveBytes: Math.max(last.peakLiveBytes, liveBytes),
      };
    } else phases.push({ phase, recompute, firstOperation: index, lastOperation: index, peakLiveBytes: liveBytes });
  }
  return phases;
}
