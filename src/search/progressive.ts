/** From a small model to a large one: the stages, how each is trained on this card, and where the card is no longer enough. */

import type { Device, Precision } from '../config/types.js';
import { runtimeTraits } from '../runtimes/traits.js';
import { type GrownSize, growthPath, type Size } from './growth.js';
import type { StageCandidate, StageCandidates } from './stage-candidates.js';

export interface Stage extends GrownSize {
  readonly candidate: StageCandidate;
  /** Trained values of the stage before that go on; 0 at the start. */
  readonly carriedOver: number;
}

export interface NeedsMore extends GrownSize {
  /** The candidate that needs least. */
  readonly leanest: StageCandidate;
  readonly smallestDevice?: Device;
  /** The smallest that is enough for this stage and all behind it. */
  readonly smallestDeviceForRest?: Device;
}

export interface ProgressivePlan {
  /** All sizes, also those for which the card is not enough. */
  readonly path: readonly GrownSize[];
  readonly stages: readonly Stage[];
  readonly firstStageThatNeedsMore?: NeedsMore;
  readonly notes: readonly string[];
}

export interface PlanInput {
  readonly from: Size;
  readonly to: Size;
  readonly stageCandidates: StageCandidates;
  readonly device: Device;
  /** Other cards, smallest first. */
  readonly otherDevices: () => readonly Device[];
  /** Typed: no other one is tried where nothing fits. */
  readonly precisionTyped: boolean;
  /** Optimizer steps of each stage; absent: as many in each. */
  readonly updates?: readonly number[] | undefined;
}

export function progressivePlan(input: PlanInput): ProgressivePlan {
  const { stageCandidates, device } = input;
  const stages: Stage[] = [];
  const notes: string[] = [];
  const flops = (size: Size) => stageCandidates.trainingFlops(size);
  const path = growthPath(input.from, input.to, flops, input.updates);
  for (const [index, size] of path.entries()) {
    const candidates = stageCandidates.of(size);
    if (candidates.length === 0) throw stageCandidates.refusal(size);
    const candidate =
      stageCandidates.firstThatFits(candidates, device) ?? inOtherPrecision(input, size, candidates, notes);
    if (candidate === undefined)
      return { path, stages, notes, ...needsMore(input, size, candidates, path.slice(index + 1)) };
    const before = stages.at(-1)?.candidate.parameters ?? 0;
    stages.push({ ...size, candidate, carriedOver: Math.min(before, candidate.parameters) });
  }
  return { path, stages, notes };
}

/** Of one size, as a plan's stage is chosen. */
export function cheapestThatFits(input: PlanInput, size: Size, device: Device): StageCandidate | undefined {
  const { stageCandidates } = input;
  const there = (candidates: readonly StageCandidate[]) =>
    device === input.device ? candidates : candidates.map((candidate) => stageCandidates.on(device, candidate));
  const candidates = there(stageCandidates.of(size));
  const [first] = candidates;
  if (first === undefined) return undefined;
  return (
    stageCandidates.firstThatFits(candidates, device) ??
    (input.precisionTyped
      ? undefined
      : otherPrecisions(first)
          .map((precision) => stageCandidates.firstThatFits(there(stageCandidates.of(size, precision)), device))
          .find((candidate) => candidate !== undefined))
  );
}

const otherPrecisions = ({ config }: StageCandidate): readonly Precision[] =>
  (runtimeTraits[config.runtime].precision as readonly Precision[]).filter(
    (precision) => precision !== config.recipe.precision,
  );

function inOtherPrecision(
  { stageCandidates, device, precisionTyped }: PlanInput,
  size: GrownSize,
  tried: readonly StageCandidate[],
  notes: string[],
): StageCandidate | undefined {
  if (precisionTyped) return undefined;
  const { config } = tried[0]!;
  for (const precision of otherPrecisions(tried[0]!)) {
    const found = stageCandidates.firstThatFits(stageCandidates.of(size, precision), device);
    if (found === undefined) continue;
    notes.push(
      `${size.hiddenDim}/${size.layers} fits in no way in ${config.recipe.precision}: its stage is in ${precision}.`,
    );
    return found;
  }
  return undefined;
}

function needsMore(
  input: PlanInput,
  size: GrownSize,
  tried: readonly StageCandidate[],
  rest: readonly GrownSize[],
): Pick<ProgressivePlan, 'firstStageThatNeedsMore'> {
  const { stageCandidates, otherDevices } = input;
  const byPeak = [...tried].sort((a, b) => a.peakLiveBytes - b.peakLiveBytes);
  const all = otherDevices();
  const smallestDevice = all.find((device) => {
    const there = byPeak.map((candidate) => stageCandidates.on(device, candidate));
    return stageCandidates.firstThatFits(there, device) !== undefined;
  });
  const isEnough = (device: Device) =>
    rest.toReversed().every((later) => cheapestThatFits(input, later, device) !== undefined);
  const smallestDeviceForRest = smallestDevice && all.slice(all.indexOf(smallestDevice)).find(isEnough);
  return {
    firstStageThatNeedsMore: {
      ...size,
      leanest: byPeak[0]!,
      ...(smallestDevice && { smallestDevice }),
      ...(smallestDeviceForRest && { smallestDeviceForRest }),
    },
  };
}
