/** What changes the process around the same arrays. */
import { largestShare } from '../../config/limits.js';
import { hasOption } from '../../runtimes/traits.js';
import type { Strategy } from '../types.js';

export const allocator: Strategy = {
  id: 'allocator',
  touches: 'process',
  describe: 'Lets PyTorch’s segments grow instead of reserving new ones: less fragmentation, the same arrays.',
  cost: 'None known; needs CUDA’s virtual memory calls.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    hasOption(runtime, 'allocator')
      ? [{ recipe: { allocator: recipe.allocator === 'native' ? 'expandable' : 'native' } }]
      : [],
};

const shares = [0.8, 0.85, 0.9, largestShare] as const;

export const memoryFraction: Strategy = {
  id: 'memory-fraction',
  touches: 'process',
  describe: 'Gives JAX’s pool a larger share of the card than its default of 75 %.',
  cost: 'None, as long as nobody else needs the card.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    hasOption(runtime, 'memFraction')
      ? shares.filter((share) => share > recipe.memFraction).map((memFraction) => ({ recipe: { memFraction } }))
      : [],
};

export const xlaGemm: Strategy = {
  id: 'xla-gemm',
  touches: 'process',
  describe: 'Fixes who multiplies matrices: the range no longer has to cover Triton’s schedules.',
  cost: 'cuBLAS instead of the faster of the two.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    hasOption(runtime, 'xlaGemm') && recipe.xlaGemm === 'auto' ? [{ recipe: { xlaGemm: 'cublas' } }] : [],
};
