import { togglesPart, trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

export const checkpointRollout: Strategy = {
  id: 'checkpoint-rollout',
  touches: 'plan',
  describe: 'Keeps the state between autoregressive steps only and recomputes each step.',
  cost: 'Every rollout step runs forward twice.',
  numerics: 'same',
  // At one step the released code ignores it.
  changes: (config) => (config.recipe.rolloutSteps > 1 ? togglesPart('rollout')(config) : []),
  code: (config): readonly CodeLine[] => {
    const on = config.recipe.checkpoint.rollout;
    if (!trains(config)) return [];
    if (config.runtime === 'jax')
      return [
        {
          where: 'GraphCast, where the predictor is built',
          text: `autoregressive.Predictor(predictor, gradient_checkpointing=${on ? 'True' : 'False'})`,
        },
      ];
    return on
      ? [
          {
            where: 'PyTorch, in the rollout loop',
            text: 'state = torch.utils.checkpoint.checkpoint(model, state, use_reentrant=False)',
          },
        ]
      : [];
  },
};
