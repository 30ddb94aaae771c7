/** `hk.remat` around a network: one frame per GNN, groups of K message-passing steps, the mesh edge embedder outside of them. */
import type { Config } from '../../config/types.js';
import type { Segmentation } from '../../ir/segmentation.js';

export function segmentJax({ recipe }: Config): Segmentation {
  const { encoder, decoder, model, rollout, processor, edges } = recipe.checkpoint;
  return {
    frames: 'network',
    encoder,
    decoder,
    model,
    // autoregressive.py: "ignored with a warning if the scan sequence length is 1".
    rollout: rollout && recipe.rolloutSteps > 1,
    longRollout: 'loop',
    ...(processor.kind === 'every' && { processorBlocksPerSegment: 2 * processor.layers }),
    ...(edges.kind !== 'none' && { edgeBlocks: edges }),
  };
}

/** The plan itself, but for what is ignored. */
export const cutsOf = ({ recipe }: Pick<Config, 'recipe'>) => ({
  ...recipe.checkpoint,
  rollout: recipe.checkpoint.rollout && recipe.rolloutSteps > 1,
});

/** How many slices the edges have is a size (`edgeSlices`): their trace is the same. */
export const traceCutsOf = (config: Pick<Config, 'recipe'>) => {
  const { edges, ...cuts } = cutsOf(config);
  return { ...cuts, edges: edges.kind };
};
