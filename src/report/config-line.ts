import { formatCheckpoint } from '../config/checkpoint.js';
import type { Estimate } from './schemas/estimate.js';

/** Model, sizes and recipe in one line. */
export function configLine({ config: { model, recipe, runtime } }: Pick<Estimate, 'config'>): string {
  return [
    model.name,
    `${model.hiddenDim}/${model.layers}`,
    `${model.grid.latitudes}×${model.grid.longitudes}`,
    `mesh level ${model.meshLevel}`,
    runtime,
    recipe.precision,
    recipe.mode === 'train' ? recipe.optimizer : 'inference',
    `batch ${recipe.batchSize}`,
    ...(recipe.rolloutSteps > 1 ? [`rollout ${recipe.rolloutSteps}`] : []),
    `checkpoint ${formatCheckpoint(recipe.checkpoint)}`,
    ...(recipe.offload === 'none' ? [] : [`${recipe.offload} offloaded`]),
    ...(recipe.gpus > 1 ? [`${recipe.gpus} GPUs, ${recipe.parallel}`] : []),
  ].join(' · ');
}
