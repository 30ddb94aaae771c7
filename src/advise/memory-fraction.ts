import type { Strategy } from './types.js';

/** What is left belongs to the context and the libraries, which the verdict counts on top of the share. */
const shares = [0.8, 0.85, 0.9, 0.95] as const;

export const memoryFraction: Strategy = {
  id: 'memory-fraction',
  touches: 'process',
  describe: 'Gives JAX’s pool a larger share of the card than its default of 75 %.',
  cost: 'None, as long as nobody else needs the card.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    runtime === 'jax'
      ? shares.filter((share) => share > recipe.memFraction).map((memFraction) => ({ recipe: { memFraction } }))
      : [],
  code: ({ recipe }) => [
    { where: 'environment', text: `XLA_PYTHON_CLIENT_MEM_FRACTION=${recipe.memFraction.toFixed(2)}` },
  ],
};
