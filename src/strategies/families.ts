/**
 * Shapes that differ only in where the processor is cut into recomputed segments. They cost the same: every layer runs forward
 * twice. And what is alive before the backward pass reaches the processor is least with a single segment, which keeps its input
 * and nothing else: where that is too much, no cut is looked at.
 */
import type { CheckpointPlan, Config, Device } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import { runtimes } from '../parallel/index.js';
import type { Counts } from '../program/dimensions.js';
import { applyChanges } from './apply.js';
import {
  buildProgram,
  costOf,
  leastOfAnyOptimizer,
  mostUsableBytes,
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

const familyKey = ({ recipe }: Config): string => {
  const { processor, ...plan } = recipe.checkpoint;
  return JSON.stringify({ ...recipe, checkpoint: { ...plan, cut: processor.kind !== 'none' } });
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

/** How much may still be traced; a search that runs out of it ends without an answer. */
export class Effort {
  constructor(private eventsLeft: number) {}

  get isSpent(): boolean {
    return this.eventsLeft <= 0;
  }

  spend(events: number): void {
    this.eventsLeft -= events;
  }
}

export class Family {
  readonly cost: StepCost;
  private readonly traces = new Map<string, Trace>();

  private constructor(
    /** The one with the fewest segments first. */
    private readonly shapes: readonly Shape[],
    private readonly counts: Counts,
    private readonly effort: Effort,
  ) {
    const { config } = shapes[0]!;
    this.cost = costOf(buildProgram(config), config, counts);
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
    return [...byKey.values()].map(
      (members) =>
        new Family(
          members.sort((a, b) => segments(a) - segments(b)),
          counts,
          effort,
        ),
    );
  }

  /** Those whose arrays the card may hold, and what none of the family stays below with any optimizer. */
  sized(microBatch: Change, device: Device): { readonly steps: readonly SizedShape[]; readonly leastBytes: number } {
    const first = this.step(this.shapes[0]!, microBatch);
    const usable = mostUsableBytes(first.config, device);
    if (this.shapes.length > 1 && peakBeforeProcessorBackward(first, true) > usable)
      return { steps: [], leastBytes: peakBeforeProcessorBackward(first, false) };
    const steps = this.shapes.map((shape) => ({ shape, step: this.step(shape, microBatch) }));
    return {
      steps: steps.filter(({ step }) => step.peakLiveBytes <= usable),
      leastBytes: Math.min(...steps.map(({ step }) => leastOfAnyOptimizer(step))),
    };
  }

  private step(shape: Shape, microBatch: Change): SizedStep {
    const config = applyChanges(shape.config, [microBatch])!;
    const { processor } = config.recipe.checkpoint;
    // Micro-steps after the second repeat it. XLA folds what has a batch of one: a trace belongs to a number of samples.
    const key = JSON.stringify([processor, config.recipe.batchSize, config.recipe.accumulate > 1]);
    let trace = this.traces.get(key);
    if (trace === undefined) {
      trace = runtimes[config.runtime].runtime.trace(buildProgram(config), config);
      this.traces.set(key, trace);
      this.effort.spend(trace.events.length);
    }
    return sizeStep(config, trace, this.counts);
  }
}
