import { noCheckpoint } from '../config/checkpoint.js';
import { togglesPart, trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

export const checkpointModel: Strategy = {
  id: 'checkpoint-model',
  touches: 'plan',
  describe:
    'Recomputes the whole network at once: nothing is kept in between, and everything is alive when it runs again.',
  cost: 'The whole network runs forward twice.',
  numerics: 'same',
  // The other parts lie inside it.
  changes: (config) =>
    togglesPart('model')(config).map((change) =>
      change.checkpoint?.model ? { checkpoint: { ...noCheckpoint, model: true } } : change,
    ),
  code: (config): readonly CodeLine[] => {
    const on = config.recipe.checkpoint.model;
    if (!trains(config)) return [];
    if (config.runtime === 'jax')
      return on ? [{ where: 'JAX, around the loss', text: 'loss_fn = jax.checkpoint(loss_fn)' }] : [];
    if (config.model.layout === 'physicsnemo')
      return [{ where: 'PhysicsNeMo, conf/config.yaml', text: `force_single_checkpoint: ${on}` }];
    return on
      ? [{ where: 'PyTorch', text: 'torch.utils.checkpoint.checkpoint(model, inputs, use_reentrant=False)' }]
      : [];
  },
};
