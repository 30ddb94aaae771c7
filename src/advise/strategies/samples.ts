/** How many samples there are at once. */
import { divisorsOf } from '../../config/numbers.js';
import { trains } from '../apply.js';
import type { Strategy } from '../types.js';

export const microBatch: Strategy = {
  id: 'micro-batch',
  touches: 'samples',
  describe: 'Takes fewer samples at a time and adds their gradients up: the samples per optimizer step stay.',
  cost: 'Smaller matrix products; the gradients live through the forward pass.',
  numerics: 'same',
  changes: (config) => {
    const { batchSize, accumulate } = config.recipe;
    if (!trains(config)) return [];
    const globalBatch = batchSize * accumulate;
    return divisorsOf(globalBatch)
      .filter((smaller) => smaller < batchSize)
      .toReversed()
      .map((smaller) => ({ recipe: { batchSize: smaller, accumulate: globalBatch / smaller } }));
  },
};

export const samplesPerCall: Strategy = {
  id: 'samples-per-call',
  touches: 'samples',
  describe: 'Takes fewer samples per call; the others have calls of their own.',
  cost: 'Smaller matrix products.',
  numerics: 'same',
  changes: (config) => {
    const { batchSize } = config.recipe;
    if (trains(config)) return [];
    return divisorsOf(batchSize)
      .filter((smaller) => smaller < batchSize)
      .toReversed()
      .map((smaller) => ({ recipe: { batchSize: smaller } }));
  },
};
