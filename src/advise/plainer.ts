/** A configuration with less in it, of which a bound is asked: no checkpoints, fewer rollout steps, edges whole or in two blocks. */
import { noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../config/types.js';
import { layoutOf } from '../models/index.js';
import { loopsOverRollout } from './effort.js';

/** As many samples with nothing recomputed but the operations themselves: what a layer keeps is the same under every plan. */
export const plainly = (config: Config): Config => ({
  ...config,
  recipe: { ...config.recipe, checkpoint: noCheckpoint, rolloutSteps: 1, accumulate: 1 },
});

export const withRollout = (config: Config, rolloutSteps: number): Config => ({
  ...config,
  recipe: { ...config.recipe, rolloutSteps },
});

/** A longer rollout has the same moments in its last step, and what is kept of the steps before. A loop is as short at any length. */
export function shortened(config: Config): { readonly short: Config; readonly more: number } {
  const { rolloutSteps } = config.recipe;
  if (loopsOverRollout(config)) return { short: config, more: 0 };
  const numShort = Math.min(2, rolloutSteps);
  return { short: withRollout(config, numShort), more: rolloutSteps - numShort };
}

export const withEdges = ({ recipe, ...config }: Config, edges: CheckpointPlan['edges']): Config => ({
  ...config,
  recipe: { ...recipe, checkpoint: { ...recipe.checkpoint, edges } },
});

/** With encoder and decoder as a whole. */
export function withoutBlocks({ recipe, ...config }: Config): Config {
  const parts = layoutOf(config.model.layout).blocksInForward ? {} : { encoder: true, decoder: true };
  return {
    ...config,
    recipe: { ...recipe, checkpoint: { ...recipe.checkpoint, ...parts, edges: noCheckpoint.edges } },
  };
}

/** A rollout that is a loop is traced as it is, whatever its length. */
export const isTraced = (config: Config): boolean => config.recipe.rolloutSteps <= 4 || loopsOverRollout(config);

/** As few blocks of edges as there can be, where there are any. */
export const inFewestBlocks = (config: Config): Config => {
  const { edges } = config.recipe.checkpoint;
  return edges.kind === 'none' ? config : withEdges(config, { ...edges, blocks: 2 });
};
