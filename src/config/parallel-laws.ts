/** What of several GPUs is priced, and for which model: the rest is refused, never ignored. */
import { InputError } from '../errors.js';
import { layoutTraits } from './capabilities.js';
import type { Model, Parallelism, Recipe, RuntimeName } from './types.js';

const refuse = (recipe: Recipe, reason: string, ...nextSteps: readonly string[]): InputError =>
  new InputError('not-priced', `--parallel ${recipe.parallel}: ${reason}.`, [
    ...nextSteps,
    '--parallel data',
    '--gpus 1',
  ]);

/** @throws InputError */
export function checkParallel(recipe: Recipe, model: Model, runtime: RuntimeName): void {
  const { parallel, gpus, mode } = recipe;
  if (gpus === 1 || parallel === 'none' || parallel === 'data') return;
  const family = model.layout === 'jax' || model.layout === 'physicsnemo';
  if (parallel.startsWith('zero')) {
    if (mode === 'inference' && parallel !== 'zero3')
      throw refuse(recipe, 'inference has neither gradients nor optimizer state to shard', '--parallel zero3');
    return;
  }
  if (!family || runtime !== 'pytorch')
    throw refuse(recipe, `${layoutTraits[model.layout].label} is not cut that way`, '--parallel zero3');
  if (parallel === 'graph') return;
  if (parallel === 'tensor') {
    if (model.processor !== 'interaction' || model.mlpHiddenLayers !== 1 || recipe.concatTrick !== 'off')
      throw refuse(
        recipe,
        'splits MLPs of one hidden layer without the concat trick, in interaction layers',
        '--concat-trick off --mlp-hidden-layers 1',
      );
    if (model.hiddenDim % gpus !== 0)
      throw refuse(
        recipe,
        `${gpus} GPUs do not divide --hidden-dim ${model.hiddenDim}`,
        `--hidden-dim ${Math.ceil(model.hiddenDim / gpus) * gpus}`,
      );
    return;
  }
  throw refuse(recipe, 'no pipeline schedule is priced yet', '--parallel graph');
}

const outside = 'NCCL’s own buffers are not included';
const whatIsPriced: Readonly<Record<Exclude<Parallelism, 'none' | 'pipeline'>, string>> = {
  data: 'DistributedDataParallel with buckets of 25 MiB beside the gradients',
  zero1: 'torch’s ZeroRedundancyOptimizer under DistributedDataParallel',
  zero2: 'FSDP’s SHARD_GRAD_OP with one unit per network',
  zero3: 'FSDP’s FULL_SHARD with one unit per network, two of them gathered at a time',
  graph:
    'nodes by recursive coordinate bisection, edges with their receiver, the halo counted on the real mesh; PhysicsNeMo’s current release refuses a partition_size above 1',
  tensor: 'every MLP split as in Megatron-LM; none of the code bases does it',
};

/** What the numbers of several cards are of. */
export function parallelAssumptions({ gpus, parallel }: Recipe, runtime: RuntimeName): readonly string[] {
  if (gpus === 1 || parallel === 'none' || parallel === 'pipeline') return [];
  const what =
    runtime === 'jax' ? 'XLA sums the gradients in place, every card holds everything' : whatIsPriced[parallel];
  return [`${gpus} GPUs, the worst rank: ${what}; ${outside}.`];
}
