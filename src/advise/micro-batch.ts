import { divisorsOf } from '../config/divisors.js';
import { trains } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

const code = inRuntimes({
  jax: ({ recipe: { accumulate } }) => [
    { where: 'JAX (optax)', text: `optimizer = optax.MultiSteps(optimizer, every_k_schedule=${accumulate})` },
  ],
  pytorch: ({ recipe: { batchSize, accumulate } }) => [
    {
      where: 'PyTorch',
      text: `if (step + 1) % ${accumulate} == 0:\n    optimizer.step()\n    optimizer.zero_grad()`,
    },
    {
      where: 'DeepSpeed, JSON',
      text: `"train_micro_batch_size_per_gpu": ${batchSize}, "gradient_accumulation_steps": ${accumulate}`,
    },
  ],
});

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
  code,
};
