import { togglesPart } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

export const checkpointRollout: Strategy = {
  id: 'checkpoint-rollout',
  touches: 'plan',
  describe: 'Keeps the state between autoregressive steps only and recomputes each step.',
  cost: 'Every rollout step runs forward twice.',
  numerics: 'same',
  // At one step the released code ignores it.
  changes: (config) => (config.recipe.rolloutSteps > 1 ? togglesPart('rollout')(config) : []),
  code: inRuntimes({
    pytorch: ({ recipe }) =>
      recipe.checkpoint.rollout
        ? [
            {
              where: 'PyTorch, in the rollout loop',
              text: 'state = torch.utils.checkpoint.checkpoint(model, state, use_reentrant=False)',
            },
          ]
        : [],
  }),
};
