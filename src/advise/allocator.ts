import type { Strategy } from './types.js';

export const allocator: Strategy = {
  id: 'allocator',
  touches: 'process',
  describe: 'Lets PyTorch’s segments grow instead of reserving new ones: less fragmentation, the same arrays.',
  cost: 'None known; needs CUDA’s virtual memory calls.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    runtime === 'pytorch' ? [{ recipe: { allocator: recipe.allocator === 'native' ? 'expandable' : 'native' } }] : [],
  code: ({ recipe }) => [
    {
      where: 'environment',
      text: `PYTORCH_CUDA_ALLOC_CONF=expandable_segments:${recipe.allocator === 'expandable' ? 'True' : 'False'}`,
    },
  ],
};
