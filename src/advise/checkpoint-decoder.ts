import { togglesPart, trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

export const checkpointDecoder: Strategy = {
  id: 'checkpoint-decoder',
  touches: 'plan',
  describe: 'Recomputes the decoder in the backward pass instead of keeping its edge arrays.',
  cost: 'The decoder runs forward twice.',
  numerics: 'same',
  changes: togglesPart('decoder'),
  code: (config): readonly CodeLine[] => {
    const on = config.recipe.checkpoint.decoder;
    if (!trains(config)) return [];
    if (config.runtime === 'jax')
      return on
        ? [
            {
              where: 'GraphCast, graphcast.py, __call__',
              text: 'output_grid_nodes = hk.remat(self._run_mesh2grid_gnn)(updated_latent_mesh_nodes, latent_grid_nodes)',
            },
          ]
        : [];
    switch (config.model.layout) {
      case 'physicsnemo':
        return [{ where: 'PhysicsNeMo, conf/config.yaml', text: `checkpoint_decoder: ${on}` }];
      case 'anemoi-gnn':
      case 'anemoi-graphtransformer':
        return [
          { where: 'anemoi, model config', text: `model.decoder.gradient_checkpointing: ${on ? 'True' : 'False'}` },
        ];
      default:
        return on
          ? [{ where: 'PyTorch', text: 'torch.utils.checkpoint.checkpoint(decoder, *inputs, use_reentrant=False)' }]
          : [];
    }
  },
};
