/** All combinations of the catalogue's changes on one configuration, grouped by what decides their cost. */
import { formatCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config, Recipe } from '../config/types.js';
import { applyChanges } from './apply.js';
import type { Change, Strategy, Touches } from './types.js';

type Combination = readonly Change[];

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

/** The lawful plans, each once. */
export function plansOf(strategies: readonly Strategy[], config: Config): readonly CheckpointPlan[] {
  const plans = new Map<string, CheckpointPlan>();
  for (const combination of combinations(that(strategies, 'plan'), config)) {
    const changed = applyChanges(config, combination);
    if (changed) plans.set(formatCheckpoint(changed.recipe.checkpoint), changed.recipe.checkpoint);
  }
  return [...plans.values()];
}

/** One trace, up to the number of samples: the same operations in the same order. */
export interface StepPlan {
  readonly config: Config;
  readonly numChanges: number;
}

export function* stepPlansOf(strategies: readonly Strategy[], config: Config): Generator<StepPlan> {
  const combined = combinations(that(strategies, 'step'), config);
  for (const checkpoint of plansOf(strategies, config)) {
    for (const combination of combined) {
      const changed = applyChanges(config, [...combination, { checkpoint }]);
      if (changed) yield { config: changed, numChanges: differences(config.recipe, changed.recipe).length };
    }
  }
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
