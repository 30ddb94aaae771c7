import { noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../config/types.js';
import { isLawful } from './apply.js';
import { trains } from './checkpoint-parts.js';
import type { Change, CodeLine, Strategy } from './types.js';

/** Powers of two, as anemoi recommends for its chunks. */
export const blockCounts = [2, 4, 8, 16, 32] as const;

/** JAX cuts inside the recomputed encoder and decoder: both come along. Whatever else is recomputed, another change may take it back. */
function changes(config: Config): readonly Change[] {
  if (!trains(config)) return [];
  const { checkpoint } = config.recipe;
  const parts = config.runtime === 'jax' ? { encoder: true, decoder: true, model: false } : {};
  const plans = blockCounts.map((blocks): Partial<CheckpointPlan> => ({ ...parts, edges: { kind: 'scan', blocks } }));
  const none: readonly Partial<CheckpointPlan>[] =
    checkpoint.edges.kind === 'none' ? [] : [{ edges: { kind: 'none' } }];
  return [...none, ...plans]
    .filter((plan) => isLawful({ ...noCheckpoint, ...parts, ...plan }, config))
    .filter(({ edges }) => JSON.stringify(edges) !== JSON.stringify(checkpoint.edges))
    .map((plan) => ({ checkpoint: plan }));
}

function code({ runtime, model, recipe }: Config): readonly CodeLine[] {
  const { edges } = recipe.checkpoint;
  if (edges.kind === 'none') return [];
  switch (runtime) {
    case 'jax':
      return [
        {
          where: 'GraphCast, typed_graph_net.py, the edge update of encoder and decoder',
          text: [
            `def block(carry, edges):  # one of ${edges.blocks} equal slices, the last one padded`,
            '  return carry + hk.remat(embed_gather_update_and_sum)(edges), None',
            'received, _ = hk.scan(block, jnp.zeros_like(receivers), edge_slices)',
          ].join('\n'),
        },
      ];
    case 'pytorch':
      return model.layout === 'anemoi-gnn' || model.layout === 'anemoi-graphtransformer'
        ? [
            {
              where: 'anemoi, model config',
              text: `model.encoder.num_chunks: ${edges.blocks}\nmodel.decoder.num_chunks: ${edges.blocks}`,
            },
          ]
        : [];
    case 'tfjs':
      return [];
  }
}

export const edgeBlocks: Strategy = {
  id: 'edge-blocks',
  touches: 'plan',
  describe: 'Cuts the edge update of encoder and decoder into blocks, so that one block’s arrays are alive at a time.',
  cost: 'One more forward pass of these edge updates, in smaller products; sums in another order.',
  numerics: 'same',
  changes,
  code,
};
