/** From a small model to a large one: the stages, how each is trained on this card, and where the card is no longer enough. */
import { valuesByRuntime } from '../config/capabilities.js';
import type { Device, Precision } from '../config/types.js';
import { type GrowthStep, growthPath, type Size } from './growth.js';
import type { Strategies, Strategy } from './strategies.js';

export interface Stage extends GrowthStep {
  readonly strategy: Strategy;
  /** Trained values of the stage before that go on; 0 at the start. */
  readonly carriedOver: number;
}

export interface NeedsMore extends GrowthStep {
  /** The strategy that needs least. */
  readonly leanest: Strategy;
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
  readonly strategies: Strategies;
  readonly device: Device;
  /** Other cards, smallest first. */
  readonly otherDevices: () => readonly Device[];
  /** Typed: no other one is tried where nothing fits. */
  readonly precisionTyped: boolean;
}

export function progressivePlan(input: PlanInput): ProgressivePlan {
  const { strategies, device } = input;
  const stages: Stage[] = [];
  const notes: string[] = [];
  for (const step of growthPath(input.from, input.to, (size) => strategies.trainingFlops(size))) {
    const candidates = strategies.of(step);
    if (candidates.length === 0) throw strategies.refusal(step);
    const strategy = strategies.firstThatFits(candidates, device) ?? inOtherPrecision(input, step, candidates, notes);
    if (strategy === undefined) return { stages, notes, ...needsMore(input, step, candidates) };
    const before = stages.at(-1)?.strategy.parameters ?? 0;
    stages.push({ ...step, strategy, carriedOver: Math.min(before, strategy.parameters) });
  }
  return { stages, notes };
}

function inOtherPrecision(
  { strategies, device, precisionTyped }: PlanInput,
  step: GrowthStep,
  tried: readonly Strategy[],
  notes: string[],
): Strategy | undefined {
  if (precisionTyped) return undefined;
  const { config } = tried[0]!;
  for (const precision of valuesByRuntime.precision[config.runtime] as readonly Precision[]) {
    if (precision === config.recipe.precision) continue;
    const found = strategies.firstThatFits(strategies.of(step, precision), device);
    if (found === undefined) continue;
    notes.push(
      `${step.hiddenDim}/${step.layers} fits in no way in ${config.recipe.precision}: its stage is in ${precision}.`,
    );
    return found;
  }
  return undefined;
}

function needsMore(
  { strategies, otherDevices }: PlanInput,
  step: GrowthStep,
  tried: readonly Strategy[],
): Pick<ProgressivePlan, 'firstStageThatNeedsMore'> {
  const byPeak = [...tried].sort((a, b) => a.peakLiveBytes - b.peakLiveBytes);
  const smallestDevice = otherDevices().find((device) => {
    const there = byPeak.map((strategy) => strategies.on(device, strategy));
    return strategies.firstThatFits(there, device) !== undefined;
  });
  return { firstStageThatNeedsMore: { ...step, leanest: byPeak[0]!, ...(smallestDevice && { smallestDevice }) } };
}
