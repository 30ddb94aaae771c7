/** Encoder and decoder in blocks of edges: recomputed ones in training, the forward pass itself in inference. */
import { noCheckpoint } from '../../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../../config/types.js';
import { layoutOf } from '../../models/index.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import { isLawful, trains } from '../apply.js';
import type { Change, Strategy } from '../types.js';

/** Powers of two, as anemoi recommends for its chunks. */
export const blockCounts = [2, 4, 8, 16, 32] as const;

/** Where the blocks lie inside the recomputed encoder and decoder, both come along. Whatever else is recomputed, another change may take it back. */
function changes(config: Config): readonly Change[] {
  if (!trains(config)) return [];
  const { checkpoint } = config.recipe;
  const { edgeBlocksNeedParts } = runtimeTraits[config.runtime];
  const parts = edgeBlocksNeedParts ? { encoder: true, decoder: true, model: false } : {};
  const plans = blockCounts.map((blocks): Partial<CheckpointPlan> => ({ ...parts, edges: { kind: 'scan', blocks } }));
  const none: readonly Partial<CheckpointPlan>[] =
    checkpoint.edges.kind === 'none' ? [] : [{ edges: { kind: 'none' } }];
  return [...none, ...plans]
    .filter((plan) => isLawful({ ...noCheckpoint, ...parts, ...plan }, config))
    .filter(({ edges }) => JSON.stringify(edges) !== JSON.stringify(checkpoint.edges))
    .map((plan) => ({ checkpoint: plan }));
}

export const edgeBlocks: Strategy = {
  id: 'edge-blocks',
  touches: 'plan',
  describe: 'Cuts the edge update of encoder and decoder into blocks, so that one block’s arrays are alive at a time.',
  cost: 'One more forward pass of these edge updates, in smaller products; sums in another order.',
  numerics: 'same',
  changes,
};

export const processorChunks: Strategy = {
  id: 'processor-chunks',
  touches: 'plan',
  describe: 'Runs the edges of every processor layer in chunks, so that one chunk’s are alive at a time.',
  cost: 'Smaller products; sums in another order.',
  numerics: 'same',
  changes: ({ model, recipe }) => {
    if (recipe.mode === 'train' || !layoutOf(model.layout).processorBlocks || model.counts !== undefined) return [];
    const { processorBlocks: now = 1 } = recipe.checkpoint;
    // Every layer runs all of its chunks: beyond eight, tracing them takes longer than an answer should.
    const counts = blockCounts.filter((blocks) => blocks > now && blocks <= 8);
    return counts.map((processorBlocks) => ({ checkpoint: { processorBlocks } }));
  },
};

export const mapperChunks: Strategy = {
  id: 'mapper-chunks',
  touches: 'plan',
  describe: 'Runs encoder and decoder in chunks, so that one chunk’s edges are alive at a time.',
  cost: 'Smaller matrix products.',
  numerics: 'same',
  changes: ({ model, recipe }) => {
    if (recipe.mode === 'train' || !layoutOf(model.layout).blocksInForward) return [];
    const { edges } = recipe.checkpoint;
    const now = edges.kind === 'none' ? 1 : edges.blocks;
    return blockCounts
      .filter((blocks) => blocks > now)
      .map((blocks) => ({ checkpoint: { edges: { kind: 'scan', blocks } } }));
  },
};
