import { noCheckpoint } from '../config/checkpoint.js';
import type { Config } from '../config/types.js';
import { trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

const code = ({ runtime }: Config): readonly CodeLine[] =>
  runtime === 'pytorch'
    ? [{ where: 'PyTorch', text: 'with torch.no_grad():' }]
    : runtime === 'jax'
      ? [
          {
            where: 'GraphCast',
            text: 'rollout.chunked_prediction(run_forward_jitted, rng, inputs, targets_template, forcings)',
          },
        ]
      : [];

export const inference: Strategy = {
  id: 'inference',
  touches: 'step',
  describe: 'Only runs the model: nothing is kept for a backward pass, no gradients, no optimizer.',
  cost: 'It is no training.',
  numerics: 'different',
  aside: true,
  changes: (config) =>
    trains(config)
      ? [
          {
            recipe: { mode: 'inference', optimizer: 'none', accumulate: 1, recomputeActivation: false },
            checkpoint: noCheckpoint,
          },
        ]
      : [],
  code,
};
