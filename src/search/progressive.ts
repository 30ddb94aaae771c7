/** From a small model to a large one: the stages, how each is trained on this card, and where the card is no longer enough. */

import type { Device, Precision } from '../config/types.js';
import { runtimeTraits } from '../runtimes/traits.js';
import { type GrowthStep, growthPath, type Size } from './growth.js';
import type { StageCandidate, StageCandidates } from './stage-candidates.js';

export interface Stage extends GrowthStep {
  readonly candidate: StageCandidate;
  /** Trained values of the stage before that go on; 0 at the start. */
  readonly carriedOver: number;
}

export interface NeedsMore extends GrowthStep {
  /** The candidate that needs least. */
  readonly leanest: StageCandidate;
  readonly smallestDevice?: Device;
}

export interface ProgressivePlan {
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
}

export function progressivePlan(input: PlanInput): ProgressivePlan {
  const { stageCandidates, device } = input;
  const stages: Stage[] = [];
  const notes: string[] = [];
  for (const step of growthPath(input.from, input.to, (size) => stageCandidates.trainingFlops(size))) {
    const candidates = stageCandidates.of(step);
    if (candidates.length === 0) throw stageCandidates.refusal(step);
    const candidate =
      stageCandidates.firstThatFits(candidates, device) ?? inOtherPrecision(input, step, candidates, notes);
    if (candidate === undefined) return { stages, notes, ...needsMore(input, step, candidates) };
    const before = stages.at(-1)?.candidate.parameters ?? 0;
    stages.push({ ...step, candidate, carriedOver: Math.min(before, candidate.parameters) });
  }
  return { stages, notes };
}

function inOtherPrecision(
  { stageCandidates, device, precisionTyped }: PlanInput,
  step: GrowthStep,
  tried: readonly StageCandidate[],
  notes: string[],
): StageCandidate | undefined {
  if (precisionTyped) return undefined;
  const { config } = tried[0]!;
  for (const precision of runtimeTraits[config.runtime].precision as readonly Precision[]) {
    if (precision === config.recipe.precision) continue;
    const found = stageCandidates.firstThatFits(stageCandidates.of(step, precision), device);
    if (found === undefined) continue;
    notes.push(
      `${step.hiddenDim}/${step.layers} fits in no way in ${config.recipe.precision}: its stage is in ${precision}.`,
    );
    return found;
  }
  return undefined;
}

function needsMore(
  { stageCandidates, otherDevices }: PlanInput,
  step: GrowthStep,
  tried: readonly StageCandidate[],
): Pick<ProgressivePlan, 'firstStageThatNeedsMore'> {
  const byPeak = [...tried].sort((a, b) => a.peakLiveBytes - b.peakLiveBytes);
  const smallestDevice = otherDevices().find((device) => {
    const there = byPeak.map((candidate) => stageCandidates.on(device, candidate));
    return stageCandidates.firstThatFits(there, device) !== undefined;
  });
  return { firstStageThatNeedsMore: { ...step, leanest: byPeak[0]!, ...(smallestDevice && { smallestDevice }) } };
}
