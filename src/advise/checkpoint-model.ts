import { noCheckpoint } from '../config/checkpoint.js';
import { togglesPart } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

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
  code: inRuntimes({
    jax: ({ recipe }) =>
      recipe.checkpoint.model ? [{ where: 'JAX, around the loss', text: 'loss_fn = jax.checkpoint(loss_fn)' }] : [],
    pytorch: ({ recipe }) =>
      recipe.checkpoint.model
        ? [{ where: 'PyTorch', text: 'torch.utils.checkpoint.checkpoint(model, inputs, use_reentrant=False)' }]
        : [],
  }),
};
