import type { Strategy } from './types.js';

export const xlaGemm: Strategy = {
  id: 'xla-gemm',
  touches: 'process',
  describe: 'Fixes who multiplies matrices: the range no longer has to cover Triton’s schedules.',
  cost: 'cuBLAS instead of the faster of the two.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    runtime === 'jax' && recipe.xlaGemm === 'auto' ? [{ recipe: { xlaGemm: 'cublas' } }] : [],
  code: () => [{ where: 'environment', text: 'XLA_FLAGS=--xla_gpu_enable_triton_gemm=false' }],
};
