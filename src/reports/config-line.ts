import { formatCheckpoint } from '../config/checkpoint.js';
import { gridName } from '../config/grid.js';
import type { Precision, RuntimeName } from '../config/types.js';
import { bf16Substitute } from '../runtimes/on-card.js';
import { runtimeTraits } from '../runtimes/traits.js';
import type { AnyEstimate, Estimate } from './estimate/schema.js';
import { formatCount } from './units.js';

/** A forecast recomputes nothing: of a plan only its chunks are left. */
function planText({ mode, checkpoint }: Estimate['config']['recipe']): readonly string[] {
  const plan = formatCheckpoint(checkpoint);
  return mode === 'inference' && plan === 'none' ? [] : [`checkpoint ${plan}`];
}

type AnyConfig = AnyEstimate['config'];

/** A model's name, or the function that was captured. */
export const subjectOf = (config: AnyConfig): string => ('trace' in config ? config.trace.source : config.model.name);

/** What runs there: a card without bf16 computes it in another way. */
export function precisionText({ runtime, device }: AnyConfig, precision: Precision): string {
  return (device && bf16Substitute(runtime, precision, device)?.title(precision)) ?? precision;
}

/** Model, sizes and recipe in one line; of a trace, which step it is of. */
export function configLine({ config }: { readonly config: AnyConfig }): string {
  if (!('trace' in config)) return modelLine(config);
  const { source, versions, numBuffers } = config.trace;
  const version = versionText(config.runtime, versions);
  const arrays = `${formatCount(numBuffers)} arrays`;
  return [source, config.runtime, ...(version === undefined ? [] : [version]), config.recipe.mode, arrays].join(' · ');
}

/** Of the package that a recorded step ran with. */
export function versionText(runtime: RuntimeName, versions: Readonly<Record<string, string>>): string | undefined {
  const { package: name } = runtimeTraits[runtime];
  return versions[name] === undefined ? undefined : `${name} ${versions[name]}`;
}

function modelLine(config: Estimate['config']): string {
  const { model, recipe, runtime } = config;
  return [
    model.name,
    `${model.hiddenDim}/${model.layers}`,
    ...(model.counts
      ? [`${formatCount(model.counts.gridNodes)} grid, ${formatCount(model.counts.meshNodes)} mesh nodes`]
      : [gridName(model.grid), model.mesh ? `mesh ${gridName(model.mesh)}` : `mesh level ${model.meshLevel}`]),
    runtime,
    precisionText(config, recipe.precision),
    recipe.mode === 'train' ? recipe.optimizer : 'inference',
    `batch ${recipe.batchSize}`,
    ...(recipe.ensemble === undefined ? [] : [`ensemble ${recipe.ensemble}`]),
    ...(recipe.rolloutSteps > 1 ? [`rollout ${recipe.rolloutSteps}`] : []),
    ...planText(recipe),
    ...(recipe.offload === 'none' ? [] : [`${recipe.offload} offloaded`]),
    ...(recipe.gpus > 1 ? [`${recipe.gpus} GPUs, ${recipe.parallel}`] : []),
  ].join(' · ');
}
