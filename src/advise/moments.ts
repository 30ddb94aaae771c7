/** What is alive at moments of a step: bounds of other steps, which have the same ones. */
import { type Category, categories, categoryCode, reusedBytes } from '../memory/trace.js';
import { runtimes } from '../parallel/index.js';
import { type LongerRollout, ofFurtherStep } from './longer-rollout.js';
import { madeOfBlocks, TogetherAlive } from './rows-of-blocks.js';
import { firstEventOf, type SizedStep } from './sized-step.js';

interface Moments {
  /** The events that count; by default all. */
  readonly at?: (event: number) => boolean;
  /** Categories that do not count. */
  readonly shared?: readonly Category[];
  /** The first event that counts; by default, that of the last step. */
  readonly from?: number;
  /** What the same step needs with a longer rollout. */
  readonly longer?: LongerRollout;
}

/**
 * The most that is alive in the last step before an event, some categories left out, the optimizer's state always: no other optimizer needs
 * less.
 */
function peakBefore(
  step: SizedStep,
  end: number,
  { at = () => true, shared = [], from = step.trace.lastStepFirstEvent, longer }: Moments = {},
): number {
  const { trace, dimensions, addsToGradients = false } = step;
  const { events, bufferCategory } = trace;
  const isShared = categories.map((category) => category === 'optimizer' || shared.includes(category));
  let live = addsToGradients && !isShared[categoryCode.gradient] ? gradientBytes(step) : 0;
  if (addsToGradients) isShared[categoryCode.gradient] = true;
  const isTransient = madeOfBlocks(step);
  const { bytesOfBuffer: bytesOf } = reusedBytes(trace, dimensions);
  const isCounted = (buffer: number) => !isShared[bufferCategory[buffer]!] && !isTransient?.(buffer);
  const parts = isTransient && new TogetherAlive(step, bytesOf);
  const ofFurther =
    longer && ofFurtherStep(trace, longer.keptUntil, (buffer) => (isCounted(buffer) ? bytesOf[buffer]! : 0));
  let peak = 0;
  for (let i = 0; i < end; i++) {
    const buffer = Math.abs(events[i]!) - 1;
    if (!isCounted(buffer)) {
      if (isTransient?.(buffer)) parts!.follow(events[i]!);
      continue;
    }
    live += Math.sign(events[i]!) * bytesOf[buffer]!;
    if (i < from) continue;
    const alive = live + (parts?.bytes ?? 0) + (ofFurther ? longer.moreSteps * ofFurther(i) : 0);
    if (alive > peak && at(i)) peak = alive;
  }
  return peak + (longer ? longer.moreSteps * longer.dataBytes : 0);
}

/** Alive when the passes have ended. */
function gradientBytes({ trace, dimensions }: SizedStep): number {
  const { bytesOfBuffer: bytesOf } = reusedBytes(trace, dimensions);
  const { events, bufferCategory } = trace;
  let live = 0;
  for (const event of events.subarray(0, firstEventOf(trace, 'optimizer'))) {
    const buffer = Math.abs(event) - 1;
    if (bufferCategory[buffer] === categoryCode.gradient) live += Math.sign(event) * bytesOf[buffer]!;
  }
  return live;
}

/** What any optimizer needs at least with the same forward and backward pass. */
export const leastOfAnyOptimizer = (step: SizedStep, longer?: LongerRollout): number =>
  peakBefore(step, firstEventOf(step.trace, 'optimizer'), longer && { longer });

/** What the optimizer holds on the card all through the passes of the last step. */
export function stateBytes({ trace, dimensions }: SizedStep): number {
  const { bytesOfBuffer: bytesOf } = reusedBytes(trace, dimensions);
  const { events, bufferCategory, lastStepFirstEvent } = trace;
  const end = firstEventOf(trace, 'optimizer');
  let state = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < end; i++) {
    if (i >= lastStepFirstEvent) least = Math.min(least, state);
    const buffer = Math.abs(events[i]!) - 1;
    if (bufferCategory[buffer] === categoryCode.optimizer) state += Math.sign(events[i]!) * bytesOf[buffer]!;
  }
  return Math.min(least, state);
}

/** Alive when the passes have ended, the optimizer's state and other categories left out. */
export const aliveAfterPasses = (step: SizedStep, shared: readonly Category[]): number =>
  aliveAt(step, firstEventOf(step.trace, 'optimizer'), shared);

/** Alive when the backward pass begins, the optimizer's state left out. */
export const keptForBackward = (step: SizedStep): number => aliveAt(step, firstEventOf(step.trace, 'backward'));

/** Parameters, data and whatever else is alive when the last step begins, the optimizer's state left out. */
export const residentBytes = (step: SizedStep): number => aliveAt(step, step.trace.lastStepFirstEvent);

function aliveAt({ trace, dimensions }: SizedStep, end: number, shared: readonly Category[] = []): number {
  const { bytesOfBuffer: bytesOf } = reusedBytes(trace, dimensions);
  const isShared = categories.map((category) => category === 'optimizer' || shared.includes(category));
  let live = 0;
  for (const event of trace.events.subarray(0, end)) {
    const buffer = Math.abs(event) - 1;
    if (!isShared[trace.bufferCategory[buffer]!]) live += Math.sign(event) * bytesOf[buffer]!;
  }
  return live;
}

/**
 * Until the backward pass reaches the processor; where all of a rollout step is recomputed first, after that. The processor's own moments
 * in the forward pass count where they do not depend on its segments. `shared`: categories that do not count.
 */
export function peakBeforeProcessorBackward(step: SizedStep, shared: readonly Category[] = []): number {
  const { trace, config } = step;
  const mesh = trace.modules.indexOf('mesh');
  let end = firstEventOf(trace, 'backward');
  const { replaysRolloutStepFirst, segmentsChangeForward } = runtimes[config.runtime].search;
  if (replaysRolloutStepFirst && config.recipe.checkpoint.rollout && config.recipe.rolloutSteps > 1) {
    const replay = trace.marks.findIndex(({ recompute, firstEvent }) => recompute && firstEvent >= end);
    end = trace.marks[replay + 1]?.firstEvent ?? end;
  }
  const isOfSegment = makesSegment(step);
  while (end < trace.events.length && !isOfSegment(end)) end++;
  const isOutside = (event: number) => trace.bufferModule[Math.abs(trace.events[event]!) - 1] !== mesh;
  return peakBefore(step, end, { ...(segmentsChangeForward && { at: isOutside }), shared });
}

/** Once the backward pass has left the processor: what the processor's segments were is no matter any more. */
export function peakAfterProcessorBackward(step: SizedStep): number {
  const end = firstEventOf(step.trace, 'optimizer');
  const start = firstEventOf(step.trace, 'backward');
  const isOfSegment = makesSegment(step);
  let from = end;
  while (from > start && !isOfSegment(from - 1)) from--;
  return peakBefore(step, end, { from });
}

/** While validation runs; nothing where none is counted. `shared`: categories that do not count. */
export function peakInValidation(step: SizedStep, shared: readonly Category[] = []): number {
  const { trace } = step;
  return peakBefore(step, trace.events.length, { from: firstEventOf(trace, 'validation'), shared });
}

/** While the backward pass makes the processor's arrays. */
export function peakInProcessorBackward(step: SizedStep, longer?: LongerRollout): number {
  const { trace } = step;
  const mesh = trace.modules.indexOf('mesh');
  const at = (event: number) => trace.events[event]! > 0 && trace.bufferModule[trace.events[event]! - 1] === mesh;
  const from = firstEventOf(trace, 'backward');
  return peakBefore(step, firstEventOf(trace, 'optimizer'), { at, from, ...(longer && { longer }) });
}

/**
 * From when a recomputed layer runs again until the backward pass reaches the layer before it: those before it in its segment are all there.
 * Nothing where the trace does not tell.
 */
export function peakInLayer(step: SizedStep, layer: number): number {
  const { trace } = step;
  const isOf = (each: number) => {
    const isBlock = trace.operationBlocks.map((block) => Number(/^mesh\.(\d+)/.exec(block)?.[1] ?? -1) === each);
    return (event: number) => event > 0 && isBlock[trace.bufferOperation[event - 1]!]!;
  };
  const from = firstEventOf(trace, 'backward');
  const start = trace.events.subarray(from).findIndex(isOf(layer));
  const numInside = trace.events.subarray(from + start).findIndex(isOf(layer - 1));
  return start < 0 || numInside < 0 ? 0 : peakBefore(step, from + start + numInside, { from: from + start });
}

/** When the second of the processor's segments has been recomputed, all of it; nothing where the trace does not tell. */
export function aliveInSecondSegment(step: SizedStep): number {
  const { marks, events, bufferModule, modules, lastStepFirstEvent } = step.trace;
  const mesh = modules.indexOf('mesh');
  const ends = marks.flatMap(({ recompute, firstEvent }, index) => {
    const end = marks[index + 1]?.firstEvent;
    if (!recompute || firstEvent < lastStepFirstEvent || end === undefined) return [];
    const isOfProcessor = events
      .subarray(firstEvent, end)
      .every((event) => event < 0 || bufferModule[event - 1] === mesh);
    return isOfProcessor ? [end] : [];
  });
  return ends[1] === undefined ? 0 : aliveAt(step, ends[1]);
}

/** Once the forward pass has left the processor, until the backward pass reaches it: whatever waits at its cuts is there. */
export function peakBetweenProcessorPasses(step: SizedStep): number {
  const backward = firstEventOf(step.trace, 'backward');
  const isOfSegment = makesSegment(step);
  let [from, end] = [backward, backward];
  while (from > 0 && !isOfSegment(from - 1)) from--;
  while (end < step.trace.events.length && !isOfSegment(end)) end++;
  return peakBefore(step, end, { from });
}

/** An event that makes an array of the processor's layers, but for those that lie in the encoder's and the decoder's frame. */
function makesSegment({ trace, config }: SizedStep): (event: number) => boolean {
  const { frames } = runtimes[config.runtime].segment(config);
  const mesh = trace.modules.indexOf('mesh');
  const last = config.model.layers - 1;
  const isInner = trace.operationBlocks.map((block) => {
    const layer = Number(/^mesh\.(\d+)/.exec(block)?.[1] ?? 0);
    return layer > 0 && layer < last;
  });
  return (event) => {
    const buffer = trace.events[event]! - 1;
    if (buffer < 0 || trace.bufferModule[buffer] !== mesh) return false;
    return frames !== 'layersInEncoderAndDecoder' || isInner[trace.bufferOperation[buffer]!]!;
  };
}
