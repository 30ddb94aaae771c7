/** What a longer rollout adds to a few of its steps: every step in its middle is one like the second. */
import { categoryCode, type Trace } from '../memory/trace.js';
import { noTurn } from '../memory/turns.js';
import type { StepsThatTell } from '../runtimes/types.js';
import { firstEventOf } from './sized-step.js';

/** Rollout steps that come to the few of a step, and what lies there for each of them all the time. */
export interface LongerRollout extends Pick<StepsThatTell, 'keptUntil'> {
  readonly moreSteps: number;
  readonly dataBytes: number;
}

/**
 * What every further step of a longer rollout adds to the few of a step, by event: what the second keeps for its backward pass, from when it
 * has made all of that until the backward pass comes to the first step; from then on, where a tape ends with all of its steps, what of the
 * second is there until then and was not for the first alone. `bytesOf`: of a buffer that counts. Data is not among it.
 */
export function ofFurtherStep(
  trace: Trace,
  keptUntil: StepsThatTell['keptUntil'],
  bytesOf: (buffer: number) => number,
): (event: number) => number {
  if (keptUntil === 'nextStepEnds') return () => 0;
  const { kept, from, firstAgain, outliving } = secondStepOf(trace);
  const sum = (buffers: readonly number[]) => buffers.reduce((bytes, buffer) => bytes + bytesOf(buffer), 0);
  const bytesUntilFirst = sum(kept);
  const bytesInFirst = keptUntil === 'itsTapeEnds' ? sum(outliving) : 0;
  return (event) => {
    if (event < from) return 0;
    return event < firstAgain ? bytesUntilFirst : bytesInFirst;
  };
}

/** Buffers of a rollout's second step. */
interface SecondStep {
  /** Alive when the backward pass begins. */
  readonly kept: readonly number[];
  /** The event by which all of them have been made. */
  readonly from: number;
  /** The event at which the backward pass comes to the first step. */
  readonly firstAgain: number;
  /** Alive when the first step has made its last array, and not freed for it. */
  readonly outliving: readonly number[];
}

const secondSteps = new WeakMap<Trace, SecondStep>();

function secondStepOf(trace: Trace): SecondStep {
  const known = secondSteps.get(trace) ?? foundSecondStep(trace);
  secondSteps.set(trace, known);
  return known;
}

function foundSecondStep(trace: Trace): SecondStep {
  const { events, bufferCategory, bufferLayout } = trace;
  const backward = firstEventOf(trace, 'backward');
  const turnOf = turnsOf(trace);
  const inFirst = turnOf.subarray(backward).indexOf(0);
  const firstAgain = inFirst < 0 ? events.length : backward + inFirst;
  let lastOfFirst = events.length;
  while (lastOfFirst > firstAgain && !(events[lastOfFirst]! > 0 && turnOf[lastOfFirst] === 0)) lastOfFirst--;
  const isKept = new Uint8Array(bufferLayout.length);
  const isOutliving = new Uint8Array(bufferLayout.length);
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    const buffer = Math.abs(event) - 1;
    if (event > 0) {
      if (turnOf[i] !== 1 || bufferCategory[buffer] === categoryCode.input) continue;
      if (i < backward) isKept[buffer] = 1;
      if (i < lastOfFirst) isOutliving[buffer] = 1;
    } else {
      if (i < backward) isKept[buffer] = 0;
      if (i < lastOfFirst || turnOf[i] === 0) isOutliving[buffer] = 0;
    }
  }
  const [kept, outliving] = [isKept, isOutliving].map((is) =>
    Array.from(is.keys()).filter((buffer) => is[buffer] === 1),
  );
  const from = events.indexOf((kept!.at(-1) ?? -1) + 1);
  return { kept: kept!, from, firstAgain, outliving: outliving! };
}

/** The rollout step of each event. */
function turnsOf({ events, turnMarks = [] }: Trace): Int8Array {
  const turns = new Int8Array(events.length).fill(noTurn);
  for (const [index, { turn, firstEvent }] of turnMarks.entries())
    turns.fill(turn, firstEvent, turnMarks[index + 1]?.firstEvent);
  return turns;
}
