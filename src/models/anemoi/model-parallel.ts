/** What anemoi cuts over several cards, and what not (anemoi-models 0.19.0, models/encoder_processor_decoder.py, `_assert_valid_sharding`). */
import type { Model, Recipe } from '../../config/types.js';
import { InputError } from '../../errors.js';
import type { ModelParallel } from '../code-base.js';
import { dimensionsOfCard, readsOfGraph } from './dimensions.js';
import { networkOptions, notCounted, runsRowAttention } from './options.js';
import { graphOfCard } from './sharding.js';

function check(recipe: Recipe, model: Model): void {
  const { gpus, ensemble } = recipe;
  const refuse = (reason: string, ...nextSteps: readonly string[]) =>
    new InputError('not-priced', `--parallel model: ${reason}.`, [...nextSteps, '--parallel data', '--gpus 1']);
  if (ensemble !== undefined && ensemble > 1)
    throw refuse('anemoi raises at more than one member per card where the model is cut', '--ensemble 1');
  if (recipe.mode === 'train' && networkOptions(model).loss !== 'mse')
    throw refuse('a CRPS of cut rows is not priced', '--loss mse');
  if (recipe.mode === 'train' && networkOptions(model).validationBatch !== notCounted)
    throw refuse('validation of cut rows is not priced', `--validation-batch ${notCounted}`);
  if (model.counts !== undefined)
    throw refuse('the graph itself is cut, and of a graph of one’s own only the counts are known');
  if (runsRowAttention(model.processor, networkOptions(model).mapper) && model.heads < gpus)
    throw refuse(`${model.heads} heads are too few for ${gpus} cards`, `--gpus ${model.heads}`);
}

export const modelParallel: ModelParallel = {
  sharing:
    'anemoi’s num_gpus_per_model: nodes in equal runs of their numbers, edges with their receivers; parameters, gradients and optimizer state whole on every card',
  lines: ({ gpus }) => [
    {
      where: 'anemoi, training config',
      text: `system.hardware.num_gpus_per_model: ${gpus}\ndataloader.batch_size.training: 1`,
    },
  ],
  check,
  dimensions: dimensionsOfCard,
  nodes: (config, all, card) => {
    const { counts, mesh } = graphOfCard(config, all, card, readsOfGraph(config.model));
    const haloNodes = mesh === undefined ? 0 : mesh.haloFrom.reduce((sum, rows) => sum + rows, 0);
    return { gridNodes: counts.gridNodes, meshNodes: counts.meshNodes, haloNodes };
  },
};
