/** What JAX can be asked for (google-deepmind/graphcast 08cf736: casting.py knows bf16 and f32, autoregressive.py its rollout). */
import type { Optimizer } from '../../config/types.js';
import type { CodeLine, Lines } from '../../models/code-base.js';
import type { RuntimeTraits } from '../traits.js';

const inOptax: Readonly<Partial<Record<Optimizer, string>>> = {
  adamw: 'optax.adamw(learning_rate)',
  adam: 'optax.adam(learning_rate)',
  sgd: 'optax.sgd(learning_rate)',
  momentum: 'optax.sgd(learning_rate, momentum=0.9)',
};

const environment = (text: string): readonly CodeLine[] => [{ where: 'environment', text }];

const lines: Lines = {
  'checkpoint-model': ({ recipe }) =>
    recipe.checkpoint.model ? [{ where: 'JAX, around the loss', text: 'loss_fn = jax.checkpoint(loss_fn)' }] : [],
  'micro-batch': ({ recipe: { accumulate } }) => [
    { where: 'JAX (optax)', text: `optimizer = optax.MultiSteps(optimizer, every_k_schedule=${accumulate})` },
  ],
  optimizer: ({ recipe: { optimizer } }) => {
    const text = inOptax[optimizer];
    return text === undefined ? [] : [{ where: 'JAX', text }];
  },
  'memory-fraction': ({ recipe }) => environment(`XLA_CLIENT_MEM_FRACTION=${recipe.memFraction.toFixed(2)}`),
  'xla-gemm': () => environment('XLA_FLAGS=--xla_gpu_enable_triton_gemm=false'),
  'several-gpus': ({ recipe }) =>
    recipe.parallel === 'data'
      ? [
          { where: 'JAX, in train_step, before the update', text: "grads = jax.lax.pmean(grads, axis_name='batch')" },
          { where: 'JAX', text: "train_step = jax.pmap(train_step, axis_name='batch', donate_argnums=(0, 1))" },
        ]
      : [],
};

export const jaxTraits: RuntimeTraits = {
  label: 'JAX',
  peakReading: 'jax.local_devices()[0].memory_stats()["peak_bytes_in_use"]',
  // Graph, masks and basis are in the executable; a pool that grows holds more than it was asked for.
  besideArrays: ({ jaxAllocator }) => (jaxAllocator === 'no-preallocation' ? 'constants, pool' : 'constants'),
  options: ['memFraction', 'jaxAllocator', 'xlaGemm'],
  precision: ['bf16', 'fp32'],
  withoutBf16: {
    title: () => 'fp32 (no bf16)',
    short: 'fp32',
    sentence: 'XLA computes in fp32 and stores products in fp32',
  },
  optimizer: ['adamw', 'adam', 'sgd', 'momentum', 'none'],
  parallel: ['none', 'data'],
  checkpointParts: ['encoder', 'decoder', 'model', 'rollout', 'processor:every', 'edges:blocks', 'edges:blocks:loop'],
  replaysEveryRolloutStep: false,
  edgeBlocksNeedParts: true,
  isOurs: false,
  recordedBy: 'compiling',
  statistics: { peak_bytes_in_use: 'peakAllocatedBytes' },
  package: 'jaxlib',
  pythonPackages: ['jax', 'jaxlib', 'jax-cuda12-plugin', 'jax-cuda13-plugin', 'dm-haiku', 'optax', 'xarray'],
  verifiedBy: 'a compiler',
  sharing: {
    data: 'every card holds everything; on Hopper and later XLA’s scheduler lets the gradients of weights wait, so that a step needs more than on one card',
  },
  lines,
};
