import { togglesPart } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

export const checkpointEncoder: Strategy = {
  id: 'checkpoint-encoder',
  touches: 'plan',
  describe: 'Recomputes the encoder in the backward pass instead of keeping its edge arrays.',
  cost: 'The encoder runs forward twice.',
  numerics: 'same',
  changes: togglesPart('encoder'),
  code: inRuntimes({
    pytorch: ({ recipe }) =>
      recipe.checkpoint.encoder
        ? [{ where: 'PyTorch', text: 'torch.utils.checkpoint.checkpoint(encoder, *inputs, use_reentrant=False)' }]
        : [],
  }),
};
