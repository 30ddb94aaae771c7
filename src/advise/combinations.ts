/** All combinations of the catalogue's changes on one configuration, grouped by what decides their cost. */
import { formatCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config, Recipe } from '../config/types.js';
import { codeBaseOf } from '../models/index.js';
import { applyChanges, changedRecipe } from './apply.js';
import { checkpointProcessor } from './strategies/recompute.js';
import type { Change, Strategy, Touches } from './types.js';

type Combination = readonly Change[];
type Processor = CheckpointPlan['processor'];

const unchanged: Change = {};

/** Every choice of one alternative, or none, per strategy. */
function combinations(strategies: readonly Strategy[], config: Config): readonly Combination[] {
  return strategies.reduce<readonly Combination[]>(
    (soFar, { changes }) =>
      soFar.flatMap((chosen) => [unchanged, ...changes(config)].map((change) => [...chosen, change])),
    [[]],
  );
}

const that = (strategies: readonly Strategy[], touch: Touches): readonly Strategy[] =>
  strategies.filter(({ touches }) => touches === touch);

/** One trace, up to the number of samples: the same operations in the same order. */
export interface StepPlan {
  readonly config: Config;
  readonly numChanges: number;
}

/** `further`: cuts that recompute parts of other networks too. */
type CutKind = 'none' | 'cut' | 'further';

export function cutKind(processor: Processor, { model }: Pick<Config, 'model'>): CutKind {
  if (processor.kind === 'none') return 'none';
  return codeBaseOf(model.layout).processorCuts?.reachesFurther?.(processor, model) ? 'further' : 'cut';
}

/** Plans that differ in where the processor is cut, and in changes that cost the same; which of them are lawful is asked last. */
export interface PlanFamily {
  /** Of one of them, lawful or not. */
  readonly recipe: Recipe;
  /** The lawful ones. */
  readonly plans: () => readonly StepPlan[];
}

/** Checkpoint plans that differ in the processor's cut alone. */
interface PlansByCut {
  readonly plan: CheckpointPlan;
  readonly processors: readonly Processor[];
}

/** Each once: with no cut, with all cuts, and with those that reach further. */
function plansByCut(strategies: readonly Strategy[], config: Config): readonly PlansByCut[] {
  const own = config.recipe.checkpoint.processor;
  const ofPlan = that(strategies, 'plan');
  const isCut = ({ id }: Strategy) => id === checkpointProcessor.id;
  const cuts = ofPlan.filter(isCut).flatMap(({ changes }) => changes(config));
  const kindOf = (processor: Processor) => cutKind(processor, config);
  const processors = [own, ...cuts.flatMap(({ checkpoint }) => checkpoint?.processor ?? [])];
  // A stand-in for all of them: a change that follows may take every cut back.
  const anyCut: Processor = { kind: 'every', layers: 1 };
  const withoutCuts = ofPlan.map((strategy) =>
    isCut(strategy) ? { ...strategy, changes: () => [{ checkpoint: { processor: anyCut } }] } : strategy,
  );
  const found = new Map<string, PlansByCut>();
  for (const combination of combinations(withoutCuts, config)) {
    const { checkpoint } = changedRecipe(config.recipe, combination);
    const now = checkpoint.processor;
    // A change after the cut may have taken it back; then it is all there is.
    const possible = now === own || now === anyCut ? processors : [now];
    const kinds = now === anyCut ? new Set(possible.map(kindOf)) : [kindOf(now)];
    for (const kind of kinds) {
      const alike = possible.filter((processor) => kindOf(processor) === kind);
      const plan = { ...checkpoint, processor: alike[0]! };
      const key = formatCheckpoint(plan);
      if (!found.has(key)) found.set(key, { plan, processors: alike });
    }
  }
  return [...found.values()];
}

/** The lawful plans, each once. */
export const plansOf = (strategies: readonly Strategy[], config: Config): readonly CheckpointPlan[] =>
  plansByCut(strategies, config).flatMap((plans) => lawfulOf(plans, config));

/** Recipes of one family, up to what is the same for all: `but` leaves out more. */
export const familyKey = (
  { model, recipe }: Pick<Config, 'model' | 'recipe'>,
  but?: Partial<Recipe>,
  butOfPlan?: Pick<CheckpointPlan, 'edges'>,
): string => {
  const { processor, ...plan } = recipe.checkpoint;
  return JSON.stringify({
    ...recipe,
    optimizer: '',
    ...but,
    checkpoint: { ...plan, ...butOfPlan, cut: cutKind(processor, { model }) },
  });
};

export function planFamilies(strategies: readonly Strategy[], config: Config): readonly PlanFamily[] {
  const combined = combinations(that(strategies, 'step'), config);
  const families = new Map<string, { recipe: Recipe; plans: PlansByCut; combinations: Combination[] }>();
  for (const plans of plansByCut(strategies, config)) {
    for (const combination of combined) {
      const recipe = changedRecipe(config.recipe, [...combination, { checkpoint: plans.plan }]);
      const key = familyKey({ ...config, recipe });
      const family = families.get(key);
      if (family) family.combinations.push(combination);
      else families.set(key, { recipe, plans, combinations: [combination] });
    }
  }
  const lawfulPlans = new Map<PlansByCut, readonly CheckpointPlan[]>();
  const lawful = (plans: PlansByCut): readonly CheckpointPlan[] => {
    const known = lawfulPlans.get(plans) ?? lawfulOf(plans, config);
    lawfulPlans.set(plans, known);
    return known;
  };
  return [...families.values()].map(({ recipe, plans, combinations }) => ({
    recipe,
    plans: () =>
      lawful(plans).flatMap((checkpoint) =>
        combinations.flatMap((combination) => stepPlan(config, [...combination, { checkpoint }]) ?? []),
      ),
  }));
}

const lawfulOf = ({ plan, processors }: PlansByCut, config: Config): readonly CheckpointPlan[] =>
  processors
    .map((processor) => ({ ...plan, processor }))
    .filter((checkpoint) => applyChanges(config, [{ checkpoint }]) !== undefined);

function stepPlan(config: Config, changes: readonly Change[]): StepPlan | undefined {
  const changed = applyChanges(config, changes);
  return changed && { config: changed, numChanges: differences(config.recipe, changed.recipe).length };
}

/** The micro-batches that the code base takes, largest first, the configuration's own among them. */
export const microBatchesOf = (strategies: readonly Strategy[], config: Config): readonly Change[] => [
  unchanged,
  ...that(strategies, 'samples')
    .flatMap(({ changes }) => changes(config))
    .filter((change) => applyChanges(config, [change]) !== undefined),
];

/** What the process around the same arrays can change, least changes first. */
export function processChangesOf(strategies: readonly Strategy[], config: Config): readonly Combination[] {
  return [...combinations(that(strategies, 'process'), config)].sort((a, b) => numChanged(a) - numChanged(b));
}

export const numChanged = (combination: Combination): number =>
  combination.filter((change) => change !== unchanged).length;

/** Keys of the recipe that differ, parts of the plan one by one. */
export function differences(a: Recipe, b: Recipe): readonly string[] {
  const keys = (Object.keys(a) as (keyof Recipe)[]).filter((key) => key !== 'checkpoint' && a[key] !== b[key]);
  const parts = (Object.keys(a.checkpoint) as (keyof CheckpointPlan)[]).filter(
    (part) => JSON.stringify(a.checkpoint[part]) !== JSON.stringify(b.checkpoint[part]),
  );
  return [...keys, ...parts];
}
