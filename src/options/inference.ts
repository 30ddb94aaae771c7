/** The recipe of a forecast: what of a training recipe it takes, and what it refuses to be told. */
import { formatCheckpoint, noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Model, Recipe } from '../config/types.js';
import { InputError } from '../errors.js';
import { layoutOf } from '../models/index.js';
import type { Typed } from './typed.js';

/** `--mode inference` settles these by itself and refuses them when they are typed, but for the parts of a plan that cut the forward pass. */
export const trainingOnly: readonly string[] = [
  'optimizer',
  'checkpoint',
  'accumulate',
  'offload',
  'recompute-activation',
  'amsgrad',
  'ema',
];

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
  mode: 'inference',
  batchSize: 1,
  rolloutSteps: 1,
  optimizer: 'none',
  checkpoint: chunksOf(training.checkpoint, model),
  accumulate: 1,
  offload: 'none',
  recomputeActivation: false,
  amsgrad: false,
  ema: false,
  setToNone: true,
});

/** `base` is the profile's recipe. Its batch and rollout count if the profile itself is one of inference. */
export function forInference(base: Recipe, merged: Recipe, typed: Typed, model: Model): Recipe {
  const isTyped = (name: string) => {
    const value = typed.get(name);
    return value !== undefined && value !== 'none' && value !== 1 && value !== false;
  };
  const isChunked = formatCheckpoint(chunksOf(merged.checkpoint, model)) === formatCheckpoint(merged.checkpoint);
  const option = trainingOnly.find((name) => isTyped(name) && !(name === 'checkpoint' && isChunked));
  if (option) {
    const chunks = option === 'checkpoint' && layoutOf(model.layout).blocksInForward;
    throw new InputError(
      'conflicting-options',
      `--${option}: has no meaning with --mode inference, which has no backward pass.`,
      ['--mode train', `Leave --${option} out.`, ...(chunks ? ['--checkpoint edges:blocks=8 cuts its mappers.'] : [])],
    );
  }
  const isOwn = base.mode === 'inference';
  return {
    ...inferenceRecipe(merged, model),
    ...((isOwn || typed.has('batch')) && { batchSize: merged.batchSize }),
    ...((isOwn || typed.has('rollout')) && { rolloutSteps: merged.rolloutSteps }),
  };
}
