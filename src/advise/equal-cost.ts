/**
 * Plans that differ only in where the processor is cut into recomputed segments, and in the optimizer's kernel. They cost the same:
 * every layer runs forward twice. What a plan needs at least is known before it is traced, from steps with fewer layers:
 *
 * - No plan with the same operations needs less, until the backward pass reaches the processor, than one that recomputes the encoder and
 *   the processor, each as a whole, and the decoder or not (`leastOfEveryPlan`).
 * - No cut of the processor needs less until then than a single segment (`leastOfEveryCut`).
 * - From three segments on the peak is convex in their number (`floor`); so it is in the number of rollout steps.
 *
 * `tests/advise/bounds.exhaustive.test.ts` holds each of them against the steps themselves.
 */

import { noCheckpoint } from '../config/checkpoint.js';
import { offloads } from '../config/choices.js';
import { offloadsBoundary, offloadsOptimizer } from '../config/offload.js';
import type { CheckpointPlan, Config, Device } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../models/dimensions.js';
import { passesOf, runtimes, traceOf } from '../parallel/index.js';
import { isParallel } from '../parallel/ranks.js';
import { unsizedStepKey } from '../search/unsized-step.js';
import { applyChanges, changedRecipe, isLawful } from './apply.js';
import { cutKind, familyKey, type PlanFamily, planFamilies, type StepPlan } from './combinations.js';
import { atDepth, inOneSegment, shallowDepths, shallowPair, withSmallerSegments } from './depth.js';
import {
  costOf,
  leastOfAnyOptimizer,
  mostArrayBytes,
  peakBeforeProcessorBackward,
  type SizedStep,
  type StepCost,
  sizeStep,
  stateBytes,
} from './sized-step.js';
import type { Change, Strategy } from './types.js';

/** A plan at one micro-batch, whose step is traced when it is asked for. */
export interface PlannedStep {
  readonly plan: StepPlan;
  readonly config: Config;
  /** Its peak of live bytes is not below it. */
  readonly floorBytes: number;
  readonly step: () => SizedStep;
}

interface PlannedSteps {
  /** Those whose arrays the card may hold. */
  readonly steps: readonly PlannedStep[];
  /** None of these plans stays below it, with any optimizer. */
  readonly leastBytes: number;
}

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
  readonly costs = new Map<string, StepCost>();
  private readonly traces = new Map<string, Trace>();
  private keptEvents = 0;

  constructor(private eventsLeft = Number.POSITIVE_INFINITY) {}

  get isSpent(): boolean {
    return this.eventsLeft <= 0;
  }

  step(config: Config, counts: Counts): SizedStep {
    return sizeStep(config, this.trace(unsizedStepKey(config), config, traceOf), counts);
  }

  /** Without an update, where the runtime tells it from the passes: `leastOfAnyOptimizer` is the same. */
  passes(config: Config, counts: Counts): SizedStep {
    if (runtimes[config.runtime].passes === undefined || isParallel(config)) return this.step(config, counts);
    const { recipe } = config;
    const offload = offloadsBoundary(recipe) ? 'boundary' : 'none';
    const anyOptimizer = { ...config, recipe: { ...recipe, optimizer: 'none', offload } as const };
    return sizeStep(config, this.trace(`passes ${unsizedStepKey(anyOptimizer)}`, anyOptimizer, passesOf), counts);
  }

  /** `find` where nobody has asked yet. */
  least(key: string, find: () => number): number {
    const bytes = this.leastBytes.get(key) ?? find();
    this.leastBytes.set(key, bytes);
    return bytes;
  }

  private trace(key: string, config: Config, make: typeof traceOf): Trace {
    const trace = this.traces.get(key) ?? this.keep(key, make(config));
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
const anyOptimizerKey = ({ model, recipe }: Config): string =>
  JSON.stringify({ ...recipe, layers: model.layers, optimizer: '', offload: offloadsBoundary(recipe) });

/** With the same optimizer's state: what does not touch the parameters is as plain as it goes. */
const plainly = (config: Config): Config => ({
  ...config,
  recipe: {
    ...config.recipe,
    checkpoint: noCheckpoint,
    rolloutSteps: 1,
    batchSize: 1,
    accumulate: 1,
    recomputeActivation: false,
    offload: offloadsOptimizer(config.recipe) ? 'optimizer' : 'none',
  },
});

/** What a step needs at least, and with any optimizer. */
interface Floor {
  readonly peakBytes: number;
  readonly anyOptimizerBytes: number;
}

/** `more` places beyond the second. */
const alongLine = (few: number, oneMore: number, more: number): number => oneMore + more * (oneMore - few);

const withRollout = (config: Config, rolloutSteps: number): Config => ({
  ...config,
  recipe: { ...config.recipe, rolloutSteps },
});

export interface FamilySearch {
  readonly strategies: readonly Strategy[];
  readonly config: Config;
  readonly counts: Counts;
  readonly device: Device;
  readonly effort: Effort;
}

export class EqualCostPlans {
  readonly offloading: Change;
  /** What recomputed FLOPs do not show. */
  readonly offloadRank: number;
  private readonly room: number;
  private lawfulPlans: readonly StepPlan[] | undefined;

  private constructor(
    private readonly family: PlanFamily,
    private readonly search: FamilySearch,
  ) {
    const { offload } = family.recipe;
    this.offloading = { recipe: { offload } };
    this.offloadRank = offloads.indexOf(offload);
    this.room = mostArrayBytes(search.config, search.device);
  }

  static of(search: FamilySearch): readonly EqualCostPlans[] {
    return planFamilies(search.strategies, search.config).map((family) => new EqualCostPlans(family, search));
  }

  /** The lawful ones, the one with the fewest segments first. */
  get plans(): readonly StepPlan[] {
    const segments = ({ config }: StepPlan) => numSegments(config.recipe.checkpoint.processor, config.model.layers);
    this.lawfulPlans ??= this.family.plans().toSorted((a, b) => segments(a) - segments(b));
    return this.lawfulPlans;
  }

  get cost(): StepCost {
    const { costs } = this.search.effort;
    const { config } = this.plans[0]!;
    const key = familyKey(config, { offload: 'none' });
    const cost = costs.get(key) ?? costOf(config, this.search.counts);
    costs.set(key, cost);
    return cost;
  }

  /** None of these plans, and with no optimizer, stays below it. `keptPerStep`: bytes that every plan keeps of one rollout step. */
  leastBytes(microBatch: Change, keptPerStep: number): number {
    const ofEveryPlan = this.leastOfEveryPlan(microBatch, keptPerStep);
    return ofEveryPlan > this.room ? ofEveryPlan : Math.max(ofEveryPlan, this.leastOfEveryCut(microBatch, keptPerStep));
  }

  steps(microBatch: Change, keptPerStep: number): PlannedSteps {
    const least = this.leastBytes(microBatch, keptPerStep);
    if (least > this.room) return { steps: [], leastBytes: least };
    const steps: PlannedStep[] = [];
    let leastBytes = Number.POSITIVE_INFINITY;
    const { effort, counts } = this.search;
    for (const plan of this.plans) {
      const config = applyChanges(plan.config, [microBatch])!;
      const key = anyOptimizerKey(config);
      const known = effort.leastBytes.get(key) ?? 0;
      const { peakBytes, anyOptimizerBytes } =
        known > this.room ? { peakBytes: known, anyOptimizerBytes: known } : this.floor(config);
      effort.leastBytes.set(key, anyOptimizerBytes);
      leastBytes = Math.min(leastBytes, anyOptimizerBytes);
      if (peakBytes <= this.room)
        steps.push({ plan, config, floorBytes: peakBytes, step: () => effort.step(config, counts) });
    }
    return { steps, leastBytes };
  }

  /** Nothing is known where the passes are not apart, and where cards share what is counted. */
  private leastOfEveryPlan(microBatch: Change, keptPerStep: number): number {
    const { config, effort } = this.search;
    const { recipe } = this.family;
    const { checkpoint } = recipe;
    const isKnown = runtimes[config.runtime].search.passesAreApart && !isParallel({ recipe });
    if (!isKnown || checkpoint.model || cutKind(checkpoint.processor, config) === 'further') return 0;
    const [layers] = shallowDepths;
    const [recomputed, kept] = [true, false].map((decoder): Config => {
      const plan = { ...checkpoint, encoder: true, decoder, processor: { kind: 'every', layers } } as const;
      return { ...config, recipe: { ...changedRecipe(recipe, [microBatch]), checkpoint: plan } };
    });
    return effort.least(`every plan ${keptPerStep} ${anyOptimizerKey(recomputed!)}`, () => {
      const shallow = [recomputed!, kept!].map((each) => atDepth(each, layers, each.recipe.checkpoint.processor));
      const floors = shallow.map((each) =>
        each && isLawful(each.recipe.checkpoint, each) ? this.beforeProcessorBackward(each, keptPerStep) : 0,
      );
      return Math.min(...floors);
    });
  }

  private leastOfEveryCut(microBatch: Change, keptPerStep: number): number {
    const [fewest] = this.plans;
    if (fewest === undefined) return Number.POSITIVE_INFINITY;
    const config = applyChanges(fewest.config, [microBatch])!;
    const { processor } = config.recipe.checkpoint;
    if (cutKind(processor, config) === 'further') return 0;
    const [depth] = shallowDepths;
    const shallow = depth < config.model.layers ? atDepth(config, depth, inOneSegment(processor, depth)) : undefined;
    return this.beforeProcessorBackward(shallow ?? config, keptPerStep);
  }

  /** With any optimizer. A longer rollout has the same moments in its last step, and what is kept of the steps before. */
  private beforeProcessorBackward(config: Config, keptPerStep: number): number {
    const { rolloutSteps } = config.recipe;
    const numShort = Math.min(2, rolloutSteps);
    const short = withRollout(config, numShort);
    const { effort, counts } = this.search;
    const bytes = effort.least(`before ${anyOptimizerKey(short)}`, () =>
      peakBeforeProcessorBackward(effort.passes(short, counts)),
    );
    return bytes + (rolloutSteps - numShort) * keptPerStep;
  }

  private floor(config: Config): Floor {
    const anyOptimizerBytes = this.floorOfPasses(config);
    if (anyOptimizerBytes > this.room) return { peakBytes: anyOptimizerBytes, anyOptimizerBytes };
    return { peakBytes: anyOptimizerBytes + this.stateBytes(config), anyOptimizerBytes };
  }

  /**
   * From three rollout steps on, every moment has one like it in a longer rollout, with as much more alive as there are steps before
   * it: the peak is convex in their number, and the line through 3 and 4 steps never lies above it. So it is with the processor's layers
   * and segments.
   */
  private floorOfPasses(config: Config): number {
    const { rolloutSteps } = config.recipe;
    const ofRollout = (of: Config) =>
      rolloutSteps <= 4
        ? this.leastOfPasses(of)
        : alongLine(this.leastOfPasses(withRollout(of, 3)), this.leastOfPasses(withRollout(of, 4)), rolloutSteps - 4);
    const line = shallowPair(config);
    if (line && rolloutSteps <= 4) {
      const [few, oneMore] = line.steps;
      return alongLine(this.leastOfPasses(few), this.leastOfPasses(oneMore), line.more);
    }
    const part = line?.steps[1] ?? withSmallerSegments(config);
    const least = part === undefined ? 0 : ofRollout(part);
    return least > this.room ? least : ofRollout(config);
  }

  private leastOfPasses(config: Config): number {
    const { effort, counts } = this.search;
    return effort.least(`passes ${anyOptimizerKey(config)}`, () => leastOfAnyOptimizer(effort.passes(config, counts)));
  }

  /** Layers after the third have as much state as the fourth. */
  private stateBytes(config: Config): number {
    const { effort, counts } = this.search;
    const { layers } = config.model;
    const plain = plainly(config);
    return effort.least(`state ${layers} ${JSON.stringify(plain.recipe)}`, () => {
      const [few, oneMore] = shallowDepths.map((depth) =>
        depth < layers && !isParallel(config) ? atDepth(plain, depth, noCheckpoint.processor) : undefined,
      );
      const of = (each: Config) => stateBytes(effort.step(each, counts));
      return few && oneMore ? alongLine(of(few), of(oneMore), layers - shallowDepths[1]) : of(config);
    });
  }
}
