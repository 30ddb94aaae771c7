import { togglesPart, trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

export const checkpointEncoder: Strategy = {
  id: 'checkpoint-encoder',
  touches: 'plan',
  describe: 'Recomputes the encoder in the backward pass instead of keeping its edge arrays.',
  cost: 'The encoder runs forward twice.',
  numerics: 'same',
  changes: togglesPart('encoder'),
  code: (config): readonly CodeLine[] => {
    const on = config.recipe.checkpoint.encoder;
    if (!trains(config)) return [];
    if (config.runtime === 'jax')
      return on
        ? [
            {
              where: 'GraphCast, graphcast.py, __call__',
              text: 'latent_mesh_nodes, latent_grid_nodes = hk.remat(self._run_grid2mesh_gnn)(grid_node_features)',
            },
          ]
        : [];
    switch (config.model.layout) {
      case 'physicsnemo':
        return [{ where: 'PhysicsNeMo, conf/config.yaml', text: `checkpoint_encoder: ${on}` }];
      case 'anemoi-gnn':
      case 'anemoi-graphtransformer':
        return [
          { where: 'anemoi, model config', text: `model.encoder.gradient_checkpointing: ${on ? 'True' : 'False'}` },
        ];
      default:
        return on
          ? [{ where: 'PyTorch', text: 'torch.utils.checkpoint.checkpoint(encoder, *inputs, use_reentrant=False)' }]
          : [];
    }
  },
};
