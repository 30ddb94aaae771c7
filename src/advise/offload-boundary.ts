import { offloadsBoundary } from '../config/offload.js';
import { hasOffload } from './offload-optimizer.js';
import type { Strategy } from './types.js';

export const offloadBoundary: Strategy = {
  id: 'offload-boundary',
  touches: 'step',
  describe: 'Holds the inputs of recomputed segments in the host’s memory until their segment is recomputed.',
  cost: 'Each of these arrays crosses the bus twice.',
  numerics: 'same',
  changes: (config) => (hasOffload(config) && !offloadsBoundary(config.recipe) ? [{ offload: 'boundary' }] : []),
  code: ({ runtime }) =>
    runtime === 'pytorch'
      ? [
          {
            where: 'PyTorch, around each outermost checkpoint call',
            text: 'with torch.autograd.graph.save_on_cpu(pin_memory=True):',
          },
        ]
      : [],
};
