/**
 * Plans that differ only in where the processor is cut into recomputed segments, and in the optimizer's kernel. They cost the same:
 * every layer runs forward twice. What they need at least is known before any of them is traced (`floors.ts`): no plan with the same
 * operations needs less, until the backward pass reaches the processor, than one that recomputes the encoder and the processor, each as
 * a whole, and the decoder or not; and no cut of the processor needs less until then than a single segment.
 */
import { offloads } from '../config/choices.js';
import type { CheckpointPlan, Config, Device } from '../config/types.js';
import type { Counts } from '../models/dimensions.js';
import { runtimes } from '../parallel/index.js';
import { isParallel } from '../parallel/ranks.js';
import { leastAfterPasses, leastInValidation } from './any-plan.js';
import { applyChanges, changedRecipe, isLawful } from './apply.js';
import { cutKind, type PlanFamily, planFamilies, type StepPlan } from './combinations.js';
import type { StepCost } from './costs.js';
import { atDepth, inOneSegment, shallowDepths } from './depth.js';
import { anyOptimizerKey, type Effort } from './effort.js';
import { Floors } from './floors.js';
import { PlannedStep } from './planned-step.js';
import { mostArrayBytes } from './sized-step.js';
import { leanestOperations } from './strategies/operations.js';
import type { Change, Strategy } from './types.js';

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

export interface FamilySearch {
  readonly strategies: readonly Strategy[];
  readonly config: Config;
  readonly counts: Counts;
  readonly device: Device;
  readonly effort: Effort;
}

const asItIs = (config: Config): Config => config;

/** Recomputed are the encoder and the processor, each as a whole, and the decoder or not. */
interface EveryPlan {
  readonly recipes: readonly [Config, Config];
  readonly key: string;
}

/** What a search has seen so far. */
interface OfOtherPlans {
  /** Operations of which a plan has been ruled out. */
  readonly ruledOut: Set<string>;
  /** What holds for every plan has ruled out some. */
  everyPlanTells: boolean;
}

export class EqualCostPlans {
  readonly offloading: Change;
  /** What recomputed FLOPs do not show. */
  readonly offloadRank: number;
  private readonly floors: Floors;
  private lawfulPlans: readonly StepPlan[] | undefined;

  private constructor(
    private readonly family: PlanFamily,
    private readonly search: FamilySearch,
    private readonly known: OfOtherPlans,
  ) {
    const { offload } = family.recipe;
    this.offloading = { recipe: { offload } };
    this.offloadRank = offloads.indexOf(offload);
    this.floors = new Floors(search.effort, search.counts, mostArrayBytes(search.config, search.device));
  }

  static of(search: FamilySearch): readonly EqualCostPlans[] {
    const known = { ruledOut: new Set<string>(), everyPlanTells: false };
    return planFamilies(search.strategies, search.config).map((family) => new EqualCostPlans(family, search, known));
  }

  /** The lawful ones, the one with the fewest segments first. */
  get plans(): readonly StepPlan[] {
    const segments = ({ config }: StepPlan) => numSegments(config.recipe.checkpoint.processor, config.model.layers);
    this.lawfulPlans ??= this.family.plans().toSorted((a, b) => segments(a) - segments(b));
    return this.lawfulPlans;
  }

  /** Asked before the bounds: which of the plans are lawful is found out where they may fit. */
  get cost(): StepCost {
    const { config, effort, counts } = this.search;
    const { recipe } = this.family;
    return effort.cost({ ...config, recipe }, counts);
  }

  /** None of these plans, and with no optimizer, stays below it. `keptPerStep`: bytes that every plan keeps of one rollout step. */
  leastBytes(microBatch: Change, keptPerStep: number): number {
    const own = { ...this.search.config, recipe: this.family.recipe };
    const leanest = leanestOperations(own) === own ? 0 : this.leastWith(leanestOperations, microBatch, keptPerStep);
    if (leanest > this.floors.room) return leanest;
    return Math.max(leanest, this.leastWith(asItIs, microBatch, keptPerStep));
  }

  /**
   * `asked`: the same with operations that need no more. What holds for every plan of the same operations takes two traces of its own: it
   * comes where one of them has been ruled out, and first where it has ruled out others.
   */
  private leastWith(asked: (config: Config) => Config, microBatch: Change, keptPerStep: number): number {
    const { known, floors, search } = this;
    const changed = asked({ ...search.config, recipe: changedRecipe(this.family.recipe, [microBatch]) });
    const every = this.everyPlan(changed);
    const ofEveryPlan = () => {
      if (every === undefined) return 0;
      const least = this.leastOfEveryPlan(every, keptPerStep);
      known.everyPlanTells ||= least > floors.room;
      return least;
    };
    const isAsked = every !== undefined && known.ruledOut.has(every.key);
    const bounds = [
      () => leastAfterPasses(search.effort, search.counts, changed, search.config.recipe),
      () => leastInValidation(search.effort, search.counts, changed),
      ...(known.everyPlanTells ? [ofEveryPlan] : []),
      () => this.leastOfAllLayers(changed, keptPerStep),
      ...(isAsked ? [ofEveryPlan] : []),
      () => this.leastOfEveryCut(asked, microBatch, keptPerStep),
    ];
    let least = 0;
    for (const bound of bounds) {
      least = Math.max(least, bound());
      if (least > floors.room) break;
    }
    if (least > floors.room && every !== undefined) {
      const isFirst = known.ruledOut.size === 0;
      known.ruledOut.add(every.key);
      if (isFirst) ofEveryPlan();
    }
    return least;
  }

  /** `keptPerStep` as above. */
  steps(microBatch: Change, keptPerStep: number): readonly PlannedStep[] {
    const least = this.leastBytes(microBatch, keptPerStep);
    if (least > this.floors.room) return [];
    return this.plans.map(({ config, numChanges }) => {
      const changed = applyChanges(config, [microBatch])!;
      const leaner = leanestOperations(changed);
      return new PlannedStep(changed, numChanges, this.floors, { leastBytes: least, keptPerStep, leaner });
    });
  }

  /** Where the processor is not cut. Of a model that is recomputed as a whole, its forward pass tells with one trace less. */
  private leastOfAllLayers(config: Config, keptPerStep: number): number {
    const { model, processor } = config.recipe.checkpoint;
    if (cutKind(processor, config) !== 'none' || (model && runtimes[config.runtime].search.passesAreApart)) return 0;
    return this.floors.ofLayers(config, keptPerStep);
  }

  /** Nothing is known where the passes are not apart. */
  private everyPlan(config: Config): EveryPlan | undefined {
    const { checkpoint } = config.recipe;
    const { passesAreApart } = runtimes[config.runtime].search;
    if (!passesAreApart || checkpoint.model || cutKind(checkpoint.processor, config) === 'further') return undefined;
    const [layers] = shallowDepths;
    const [recomputed, kept] = [true, false].map((decoder): Config => {
      const plan = { ...checkpoint, encoder: true, decoder, processor: { kind: 'every', layers } } as const;
      return { ...config, recipe: { ...config.recipe, checkpoint: plan } };
    });
    return { recipes: [recomputed!, kept!], key: anyOptimizerKey(recomputed!) };
  }

  private leastOfEveryPlan({ recipes, key }: EveryPlan, keptPerStep: number): number {
    return this.search.effort.least(`every plan ${keptPerStep} ${key}`, () => {
      const [layers] = shallowDepths;
      const shallow = recipes.map((each) => atDepth(each, layers, each.recipe.checkpoint.processor));
      const floors = shallow.map((each) =>
        each && isLawful(each.recipe.checkpoint, each)
          ? this.floors.ofBlocks(each).beforeOnOneCard(each, keptPerStep)
          : 0,
      );
      return Math.min(...floors);
    });
  }

  private leastOfEveryCut(asked: (config: Config) => Config, microBatch: Change, keptPerStep: number): number {
    const [fewest] = this.plans;
    if (fewest === undefined) return Number.POSITIVE_INFINITY;
    const config = asked(applyChanges(fewest.config, [microBatch])!);
    const { processor } = config.recipe.checkpoint;
    if (cutKind(processor, config) === 'further') return 0;
    const floors = this.floors.ofBlocks(config);
    const isWhole = processor.kind === 'none' && !isParallel(config);
    const inProcessor = isWhole ? floors.inProcessorBackward(config) : 0;
    if (inProcessor > floors.room) return inProcessor;
    const [depth] = shallowDepths;
    const shallow = depth < config.model.layers ? atDepth(config, depth, inOneSegment(processor, depth)) : undefined;
    const before = floors.beforeProcessorBackward(shallow ?? config, keptPerStep);
    if (before > floors.room) return before;
    const least = Math.max(inProcessor, before, floors.afterProcessorBackward(shallow ?? config));
    return isWhole && least <= floors.room ? Math.max(least, floors.of(config).anyOptimizerBytes) : least;
  }
}
