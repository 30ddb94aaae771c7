import { formatCheckpoint } from '../config/checkpoint.js';
import { gridName } from '../config/grid.js';
import type { Estimate } from './estimate/schema.js';

/** A forecast recomputes nothing: of a plan only its chunks are left. */
function planText({ mode, checkpoint }: Estimate['config']['recipe']): readonly string[] {
  const plan = formatCheckpoint(checkpoint);
  return mode === 'inference' && plan === 'none' ? [] : [`checkpoint ${plan}`];
}

/** Model, sizes and recipe in one line. */
export function configLine({ config: { model, recipe, runtime } }: Pick<Estimate, 'config'>): string {
  return [
    model.name,
    `${model.hiddenDim}/${model.layers}`,
    ...(model.counts
      ? [
          `${model.counts.gridNodes.toLocaleString('en-US')} grid, ${model.counts.meshNodes.toLocaleString('en-US')} mesh nodes`,
        ]
      : [gridName(model.grid), model.mesh ? `mesh ${gridName(model.mesh)}` : `mesh level ${model.meshLevel}`]),
    runtime,
    recipe.precision,
    recipe.mode === 'train' ? recipe.optimizer : 'inference',
    `batch ${recipe.batchSize}`,
    ...(recipe.ensemble === undefined ? [] : [`ensemble ${recipe.ensemble}`]),
    ...(recipe.rolloutSteps > 1 ? [`rollout ${recipe.rolloutSteps}`] : []),
    ...planText(recipe),
    ...(recipe.offload === 'none' ? [] : [`${recipe.offload} offloaded`]),
    ...(recipe.gpus > 1 ? [`${recipe.gpus} GPUs, ${recipe.parallel}`] : []),
  ].join(' · ');
}
