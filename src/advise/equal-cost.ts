/**
 * Plans that differ only in where the processor is cut into recomputed segments, and in the optimizer's kernel. They cost the same:
 * every layer runs forward twice. And what is alive before the backward pass reaches the processor is least with a single segment, which keeps its input
 * and nothing else: where that is too much, no cut is looked at (`peakBeforeProcessorBackward`).
 */

import { offloads } from '../config/choices.js';
import { offloadsBoundary } from '../config/offload.js';
import type { CheckpointPlan, Config, Device } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../models/dimensions.js';
import { traceOf } from '../parallel/index.js';
import { unsizedStepKey } from '../search/unsized-step.js';
import { applyChanges } from './apply.js';
import type { StepPlan } from './combinations.js';
import {
  costOf,
  leastOfAnyOptimizer,
  mostArrayBytes,
  peakBeforeProcessorBackward,
  type SizedStep,
  type StepCost,
  sizeStep,
} from './sized-step.js';
import type { Change } from './types.js';

export interface SizedPlan {
  readonly plan: StepPlan;
  readonly step: SizedStep;
}

interface SizedPlans {
  /** Those whose arrays the card may hold. */
  readonly steps: readonly SizedPlan[];
  /** None of these plans stays below it, with any optimizer. */
  readonly leastBytes: number;
}

const equalCostKey = ({ recipe }: Config): string => {
  const { processor, ...plan } = recipe.checkpoint;
  return JSON.stringify({ ...recipe, optimizer: '', checkpoint: { ...plan, cut: processor.kind !== 'none' } });
};

const numSegments = (processor: CheckpointPlan['processor'], layers: number): number => {
  switch (processor.kind) {
    case 'none':
      return 1;
    case 'every':
      return Math.ceil(layers / processor.layers);
    case 'segments':
      return processor.segments;
  }
};

/** About 100 MB of traces. */
const maxKeptEvents = 8_000_000;

/** What a search has traced and found, and how much it may still look at; one that runs out of it ends without an answer. */
export class Effort {
  /** With any optimizer, by `anyOptimizerKey`. */
  readonly leastBytes = new Map<string, number>();
  private readonly traces = new Map<string, Trace>();
  private keptEvents = 0;

  constructor(private eventsLeft: number) {}

  get isSpent(): boolean {
    return this.eventsLeft <= 0;
  }

  trace(config: Config): Trace {
    const key = unsizedStepKey(config);
    const trace = this.traces.get(key) ?? this.keep(key, traceOf(config));
    this.eventsLeft -= trace.events.length;
    return trace;
  }

  private keep(key: string, trace: Trace): Trace {
    this.keptEvents += trace.events.length;
    if (this.keptEvents > maxKeptEvents) {
      this.traces.clear();
      this.keptEvents = trace.events.length;
    }
    this.traces.set(key, trace);
    return trace;
  }
}

/** What differs in the optimizer alone, or in where its state waits, has the same forward and backward pass. */
const anyOptimizerKey = ({ recipe }: Config): string =>
  JSON.stringify({ ...recipe, optimizer: '', offload: offloadsBoundary(recipe) });

/** What a step needs at least, and with any optimizer; the step itself where they are exact. */
interface Floor {
  readonly peakBytes: number;
  readonly anyOptimizerBytes: number;
  readonly step?: SizedStep;
}

const exactFloor = (step: SizedStep): Floor => ({
  peakBytes: step.peakLiveBytes,
  anyOptimizerBytes: leastOfAnyOptimizer(step),
  step,
});

const withRollout = ({ recipe, ...change }: Change, rolloutSteps: number): Change => ({
  ...change,
  recipe: { ...recipe, rolloutSteps },
});

export class EqualCostPlans {
  readonly offloading: Change;
  /** What recomputed FLOPs do not show. */
  readonly offloadRank: number;

  private constructor(
    /** The one with the fewest segments first. */
    private readonly plans: readonly StepPlan[],
    readonly cost: StepCost,
    private readonly counts: Counts,
    private readonly effort: Effort,
  ) {
    const { offload } = plans[0]!.config.recipe;
    this.offloading = { recipe: { offload } };
    this.offloadRank = offloads.indexOf(offload);
  }

  static of(plans: Iterable<StepPlan>, counts: Counts, effort: Effort): readonly EqualCostPlans[] {
    const byKey = new Map<string, StepPlan[]>();
    for (const plan of plans) {
      const key = equalCostKey(plan.config);
      const members = byKey.get(key);
      if (members) members.push(plan);
      else byKey.set(key, [plan]);
    }
    const segments = ({ config }: StepPlan) => numSegments(config.recipe.checkpoint.processor, config.model.layers);
    const costs = new Map<string, StepCost>();
    return [...byKey.values()].map((members) => {
      const { config } = members[0]!;
      const key = equalCostKey({ ...config, recipe: { ...config.recipe, offload: 'none' } });
      const cost = costs.get(key) ?? costOf(config, counts);
      costs.set(key, cost);
      return new EqualCostPlans(
        members.sort((a, b) => segments(a) - segments(b)),
        cost,
        counts,
        effort,
      );
    });
  }

  /** `keptPerStep`: bytes that every plan keeps of one rollout step. */
  sized(microBatch: Change, device: Device, keptPerStep: number): SizedPlans {
    const room = mostArrayBytes(this.plans[0]!.config, device);
    const before = this.beforeProcessorBackward(this.plans[0]!, microBatch, keptPerStep);
    if (before > room) return { steps: [], leastBytes: before };
    const steps: SizedPlan[] = [];
    let leastBytes = Number.POSITIVE_INFINITY;
    for (const plan of this.plans) {
      const key = anyOptimizerKey(applyChanges(plan.config, [microBatch])!);
      const known = this.effort.leastBytes.get(key) ?? 0;
      const floor = known > room ? undefined : this.floor(plan, microBatch);
      const least = floor?.anyOptimizerBytes ?? known;
      this.effort.leastBytes.set(key, least);
      leastBytes = Math.min(leastBytes, least);
      if (floor === undefined || floor.peakBytes > room) continue;
      const step = floor.step ?? this.step(plan, microBatch);
      if (step.peakLiveBytes <= room) steps.push({ plan, step });
    }
    return { steps, leastBytes };
  }

  /** With any optimizer. A longer rollout has the same moments in its last step, and what is kept of the steps before. */
  private beforeProcessorBackward(plan: StepPlan, microBatch: Change, keptPerStep: number): number {
    const { rolloutSteps } = plan.config.recipe;
    const numShort = Math.min(2, rolloutSteps);
    const short = withRollout(microBatch, numShort);
    const key = `before ${anyOptimizerKey(applyChanges(plan.config, [short])!)}`;
    const bytes = this.effort.leastBytes.get(key) ?? peakBeforeProcessorBackward(this.step(plan, short));
    this.effort.leastBytes.set(key, bytes);
    return bytes + (rolloutSteps - numShort) * keptPerStep;
  }

  /**
   * From three rollout steps on, every moment has one like it in a longer rollout, with as much more alive as there are steps before
   * it: the peak is convex in their number, and the line through 3 and 4 steps never lies above it.
   */
  private floor(plan: StepPlan, microBatch: Change): Floor {
    const { rolloutSteps } = plan.config.recipe;
    if (rolloutSteps <= 4) return exactFloor(this.step(plan, microBatch));
    const [at3, at4] = [3, 4].map((numSteps) => exactFloor(this.step(plan, withRollout(microBatch, numSteps))));
    const along = (of: (floor: Floor) => number) => of(at4!) + (rolloutSteps - 4) * (of(at4!) - of(at3!));
    return {
      peakBytes: along(({ peakBytes }) => peakBytes),
      anyOptimizerBytes: along(({ anyOptimizerBytes }) => anyOptimizerBytes),
    };
  }

  private step(plan: StepPlan, change: Change): SizedStep {
    const config = applyChanges(plan.config, [change])!;
    return sizeStep(config, this.effort.trace(config), this.counts);
  }
}
