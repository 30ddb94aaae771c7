/**
 * Shapes that differ only in where the processor is cut into recomputed segments, and in the optimizer's kernel. They cost the same:
 * every layer runs forward twice. And what is alive before the backward pass reaches the processor is least with a single segment, which keeps its input
 * and nothing else: where that is too much, no cut is looked at (`peakBeforeProcessorBackward`).
 */

import { offloads } from '../config/choices.js';
import { offloadsBoundary } from '../config/offload.js';
import type { CheckpointPlan, Config, Device } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../models/dimensions.js';
import { traceOf } from '../parallel/index.js';
import { structureKey } from '../search/structure.js';
import { applyChanges } from './apply.js';
import {
  costOf,
  leastOfAnyOptimizer,
  mostArrayBytes,
  peakBeforeProcessorBackward,
  type SizedStep,
  type StepCost,
  sizeStep,
} from './step.js';
import type { Change } from './types.js';
import type { Shape } from './ways.js';

export interface SizedShape {
  readonly shape: Shape;
  readonly step: SizedStep;
}

interface SizedShapes {
  /** Those whose arrays the card may hold. */
  readonly steps: readonly SizedShape[];
  /** None of the family stays below it, with any optimizer. */
  readonly leastBytes: number;
}

const familyKey = ({ recipe }: Config): string => {
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
    const key = structureKey(config);
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

export class Family {
  readonly offloading: Change;
  /** What recomputed FLOPs do not show. */
  readonly offloadRank: number;

  private constructor(
    /** The one with the fewest segments first. */
    private readonly shapes: readonly Shape[],
    readonly cost: StepCost,
    private readonly counts: Counts,
    private readonly effort: Effort,
  ) {
    const { offload } = shapes[0]!.config.recipe;
    this.offloading = { recipe: { offload } };
    this.offloadRank = offloads.indexOf(offload);
  }

  static of(shapes: Iterable<Shape>, counts: Counts, effort: Effort): readonly Family[] {
    const byKey = new Map<string, Shape[]>();
    for (const shape of shapes) {
      const key = familyKey(shape.config);
      const members = byKey.get(key);
      if (members) members.push(shape);
      else byKey.set(key, [shape]);
    }
    const segments = ({ config }: Shape) => numSegments(config.recipe.checkpoint.processor, config.model.layers);
    const costs = new Map<string, StepCost>();
    return [...byKey.values()].map((members) => {
      const { config } = members[0]!;
      const key = familyKey({ ...config, recipe: { ...config.recipe, offload: 'none' } });
      const cost = costs.get(key) ?? costOf(config, counts);
      costs.set(key, cost);
      return new Family(
        members.sort((a, b) => segments(a) - segments(b)),
        cost,
        counts,
        effort,
      );
    });
  }

  /** `keptPerStep`: bytes that every plan keeps of one rollout step. */
  sized(microBatch: Change, device: Device, keptPerStep: number): SizedShapes {
    const room = mostArrayBytes(this.shapes[0]!.config, device);
    const before = this.beforeProcessorBackward(this.shapes[0]!, microBatch, keptPerStep);
    if (before > room) return { steps: [], leastBytes: before };
    const steps: SizedShape[] = [];
    let leastBytes = Number.POSITIVE_INFINITY;
    for (const shape of this.shapes) {
      const key = anyOptimizerKey(applyChanges(shape.config, [microBatch])!);
      const known = this.effort.leastBytes.get(key) ?? 0;
      const floor = known > room ? undefined : this.floor(shape, microBatch);
      const least = floor?.anyOptimizerBytes ?? known;
      this.effort.leastBytes.set(key, least);
      leastBytes = Math.min(leastBytes, least);
      if (floor === undefined || floor.peakBytes > room) continue;
      const step = floor.step ?? this.step(shape, microBatch);
      if (step.peakLiveBytes <= room) steps.push({ shape, step });
    }
    return { steps, leastBytes };
  }

  /** With any optimizer. A longer rollout has the same moments in its last step, and what is kept of the steps before. */
  private beforeProcessorBackward(shape: Shape, microBatch: Change, keptPerStep: number): number {
    const { rolloutSteps } = shape.config.recipe;
    const numShort = Math.min(2, rolloutSteps);
    const short = withRollout(microBatch, numShort);
    const key = `before ${anyOptimizerKey(applyChanges(shape.config, [short])!)}`;
    const bytes = this.effort.leastBytes.get(key) ?? peakBeforeProcessorBackward(this.step(shape, short));
    this.effort.leastBytes.set(key, bytes);
    return bytes + (rolloutSteps - numShort) * keptPerStep;
  }

  /**
   * From three rollout steps on, every moment has one like it in a longer rollout, with as much more alive as there are steps before
   * it: the peak is convex in their number, and the line through 3 and 4 steps never lies above it.
   */
  private floor(shape: Shape, microBatch: Change): Floor {
    const { rolloutSteps } = shape.config.recipe;
    if (rolloutSteps <= 4) return exactFloor(this.step(shape, microBatch));
    const [at3, at4] = [3, 4].map((numSteps) => exactFloor(this.step(shape, withRollout(microBatch, numSteps))));
    const along = (of: (floor: Floor) => number) => of(at4!) + (rolloutSteps - 4) * (of(at4!) - of(at3!));
    return {
      peakBytes: along(({ peakBytes }) => peakBytes),
      anyOptimizerBytes: along(({ anyOptimizerBytes }) => anyOptimizerBytes),
    };
  }

  private step(shape: Shape, change: Change): SizedStep {
    const config = applyChanges(shape.config, [change])!;
    return sizeStep(config, this.effort.trace(config), this.counts);
  }
}
