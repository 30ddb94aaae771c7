import { togglesPart } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

export const checkpointDecoder: Strategy = {
  id: 'checkpoint-decoder',
  touches: 'plan',
  describe: 'Recomputes the decoder in the backward pass instead of keeping its edge arrays.',
  cost: 'The decoder runs forward twice.',
  numerics: 'same',
  changes: togglesPart('decoder'),
  code: inRuntimes({
    pytorch: ({ recipe }) =>
      recipe.checkpoint.decoder
        ? [{ where: 'PyTorch', text: 'torch.utils.checkpoint.checkpoint(decoder, *inputs, use_reentrant=False)' }]
        : [],
  }),
};
