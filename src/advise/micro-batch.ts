import { divisorsOf } from '../config/divisors.js';
import type { Config } from '../config/types.js';
import { trains } from './checkpoint-parts.js';
import type { CodeLine, Strategy } from './types.js';

function code({ runtime, model, recipe: { batchSize, accumulate } }: Config): readonly CodeLine[] {
  if (runtime === 'jax')
    return [{ where: 'JAX (optax)', text: `optimizer = optax.MultiSteps(optimizer, every_k_schedule=${accumulate})` }];
  if (runtime === 'tfjs') return [];
  const deepspeed: CodeLine = {
    where: 'DeepSpeed, JSON',
    text: `"train_micro_batch_size_per_gpu": ${batchSize}, "gradient_accumulation_steps": ${accumulate}`,
  };
  switch (model.layout) {
    case 'anemoi-gnn':
    case 'anemoi-graphtransformer':
      return [
        {
          where: 'anemoi, training config',
          text: `dataloader.batch_size.training: ${batchSize}\ntraining.accum_grad_batches: ${accumulate}`,
        },
      ];
    case 'neural-lam':
      return [
        { where: 'neural-lam, command line', text: `--batch_size ${batchSize}` },
        { where: 'neural-lam, train_model.py, the Trainer', text: `accumulate_grad_batches=${accumulate}` },
      ];
    default:
      return [
        {
          where: 'PyTorch',
          text: `if (step + 1) % ${accumulate} == 0:\n    optimizer.step()\n    optimizer.zero_grad()`,
        },
        deepspeed,
      ];
  }
}

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
