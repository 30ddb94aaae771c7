import { trains } from './checkpoint-parts.js';
import { hasTricks } from './concat-trick.js';
import type { Strategy } from './types.js';

export const recomputeActivation: Strategy = {
  id: 'recompute-activation',
  touches: 'step',
  describe: 'Keeps the input of an MLP’s activation only and computes the activation again.',
  cost: 'One more activation per MLP; no matrix product.',
  numerics: 'same',
  changes: (config) =>
    trains(config) && hasTricks(config)
      ? [{ recipe: { recomputeActivation: !config.recipe.recomputeActivation } }]
      : [],
  // Only a code base that has the option has a line for it.
  code: () => [],
};
