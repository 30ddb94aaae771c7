/**
 * What a step needs at least whatever is recomputed and whatever the optimizer. Each is a property that
 * `tests/advise/any-plan.exhaustive.test.ts` holds against the steps themselves.
 */
import { noCheckpoint } from '../config/checkpoint.js';
import { offloadsOptimizer } from '../config/offload.js';
import type { Config } from '../config/types.js';
import type { Counts } from '../models/dimensions.js';
import { codeBaseOf } from '../models/index.js';
import { runtimes } from '../parallel/index.js';
import { aloneAtMost } from '../parallel/ranks.js';
import { alongLine, atDepth, shallowDepths } from './depth.js';
import { anyOptimizerKey, type Effort } from './effort.js';
import { aliveAfterPasses, peakInValidation } from './moments.js';

/** With the same optimizer's state: what does not touch the parameters is as plain as it goes. */
export const stateAlone = (config: Config): Config => ({
  ...config,
  recipe: {
    ...config.recipe,
    checkpoint: noCheckpoint,
    rolloutSteps: 1,
    batchSize: 1,
    accumulate: 1,
    concatTrick: 'off',
    recomputeActivation: false,
    tape: 'plain',
    offload: offloadsOptimizer(config.recipe) ? 'optimizer' : 'none',
  },
});

/**
 * Parameters, data and gradients when the passes have ended, however operations were carried out: `like` whom, so that its traces are asked.
 * Nothing is known of a step that is compiled as one.
 */
export function leastAfterPasses(effort: Effort, counts: Counts, config: Config, like = config.recipe): number {
  const { recipe, runtime, model } = config;
  const plain = stateAlone(config);
  const { concatTrick, recomputeActivation } = like;
  const operations = { batchSize: recipe.batchSize, concatTrick, recomputeActivation };
  const step = { ...plain.recipe, ...operations, optimizer: 'none', offload: 'none' } as const;
  const alone = aloneAtMost({ ...plain, recipe: step }, counts);
  if (recipe.mode !== 'train' || alone === undefined || !runtimes[runtime].search.passesAreApart) return 0;
  const of = (each: Config) => {
    const key = `after passes ${JSON.stringify([alone.shared, alone.counts])} ${anyOptimizerKey(each)}`;
    return effort.least(key, () => aliveAfterPasses(effort.passes(each, alone.counts), alone.shared));
  };
  const more = model.layers - shallowDepths[1];
  const [few, oneMore] = shallowDepths.map((depth) => atDepth(alone.config, depth, noCheckpoint.processor));
  return few && oneMore && more > 0 ? alongLine(of(few), of(oneMore), more) : of(alone.config);
}

/**
 * In the validation after a step, which keeps nothing: of a plan only the blocks of edges are of consequence to it. Nothing where no
 * validation is counted.
 */
export function leastInValidation(effort: Effort, counts: Counts, config: Config): number {
  const { model, recipe } = config;
  if (recipe.mode !== 'train' || codeBaseOf(model.layout).validationBatch?.(model) === undefined) return 0;
  const { edges } = recipe.checkpoint;
  const step = {
    ...recipe,
    checkpoint: { ...noCheckpoint, edges },
    rolloutSteps: 1,
    batchSize: 1,
    accumulate: 1,
    optimizer: 'none',
    offload: 'none',
  } as const;
  const alone = aloneAtMost({ ...config, recipe: step }, counts);
  if (alone === undefined) return 0;
  const key = `validation ${JSON.stringify([alone.shared, alone.counts])} ${anyOptimizerKey(alone.config)}`;
  return effort.least(key, () => peakInValidation(effort.step(alone.config, alone.counts), alone.shared));
}
