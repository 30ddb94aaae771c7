/** The recipe of a forecast: what of a training recipe it takes, and what it refuses to be told. */
import { noCheckpoint } from '../config/checkpoint.js';
import { valuesInForecast, valueText } from '../config/recipe-options.js';
import type { CheckpointPlan, Model, Recipe } from '../config/types.js';
import { InputError } from '../errors.js';
import { layoutOf } from '../models/index.js';
import { recipeDefinitions } from './definitions/recipe.js';
import type { Typed } from './typed.js';

/** `--mode inference` settles these by itself and refuses them when they are typed, but for the parts of a plan that cut the forward pass. */
export const trainingOnly: readonly string[] = recipeDefinitions.flatMap(({ key, name }) =>
  key in valuesInForecast ? [name] : [],
);

/** The parts of a plan that also cut the forward pass. */
const chunksOf = ({ edges, processorBlocks }: CheckpointPlan, { layout }: Model): CheckpointPlan =>
  layoutOf(layout).blocksInForward
    ? { ...noCheckpoint, edges, ...(processorBlocks !== undefined && { processorBlocks }) }
    : noCheckpoint;

/**
 * A forward pass with a training recipe's numerics. It has neither gradients nor state: nothing to recompute, accumulate or optimize.
 * How many samples and rollout steps a training step takes says nothing of how a forecast is made: one of each.
 */
export const inferenceRecipe = (training: Recipe, model: Model): Recipe => ({
  ...training,
  ...valuesInForecast,
  mode: 'inference',
  batchSize: 1,
  rolloutSteps: 1,
  checkpoint: chunksOf(training.checkpoint, model),
});

/** `base` is the profile's recipe. Its batch and rollout count if the profile itself is one of inference. */
export function forInference(base: Recipe, merged: Recipe, typed: Typed, model: Model): Recipe {
  const forecast = inferenceRecipe(merged, model);
  const lost = recipeDefinitions.find(
    ({ key, name }) =>
      key in valuesInForecast && typed.has(name) && valueText(merged, key) !== valueText(forecast, key),
  );
  if (lost !== undefined) {
    const flag = merged[lost.key] === false ? `no-${lost.name}` : lost.name;
    const chunks = lost.key === 'checkpoint' && layoutOf(model.layout).blocksInForward;
    throw new InputError(
      'conflicting-options',
      `--${flag}: has no meaning with --mode inference, which has no backward pass.`,
      ['--mode train', `Leave --${flag} out.`, ...(chunks ? ['--checkpoint edges:blocks=8 cuts its mappers.'] : [])],
    );
  }
  const isOwn = base.mode === 'inference';
  return {
    ...forecast,
    ...((isOwn || typed.has('batch')) && { batchSize: merged.batchSize }),
    ...((isOwn || typed.has('rollout')) && { rolloutSteps: merged.rolloutSteps }),
  };
}
