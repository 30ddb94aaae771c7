import { valuesByRuntime } from '../config/capabilities.js';
import type { Config, Optimizer } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { trains } from './checkpoint-parts.js';
import type { Strategy } from './types.js';

/** The same update by another implementation: the one change that leaves the algorithm as it is. */
const sameAlgorithm: Readonly<Partial<Record<Optimizer, readonly Optimizer[]>>> = {
  adamw: ['adamw-fused'],
};

const inPyTorch: Readonly<Record<Exclude<Optimizer, 'none'>, string>> = {
  adamw: 'torch.optim.AdamW(model.parameters(), lr)',
  'adamw-fused': 'torch.optim.AdamW(model.parameters(), lr, fused=True)',
  'adamw-8bit': 'bitsandbytes.optim.AdamW8bit(model.parameters(), lr)',
  adam: 'torch.optim.Adam(model.parameters(), lr)',
  adafactor: 'torch.optim.Adafactor(model.parameters(), lr)',
  sgd: 'torch.optim.SGD(model.parameters(), lr)',
  momentum: 'torch.optim.SGD(model.parameters(), lr, momentum=0.9)',
};

const inOptax: Readonly<Partial<Record<Optimizer, string>>> = {
  adamw: 'optax.adamw(learning_rate)',
  adam: 'optax.adam(learning_rate)',
  sgd: 'optax.sgd(learning_rate)',
  momentum: 'optax.sgd(learning_rate, momentum=0.9)',
};

function code({ runtime, recipe: { optimizer } }: Config): readonly CodeLine[] {
  if (optimizer === 'none' || runtime === 'tfjs') return [];
  const text = runtime === 'jax' ? inOptax[optimizer] : inPyTorch[optimizer];
  return text === undefined ? [] : [{ where: runtime === 'jax' ? 'JAX' : 'PyTorch', text }];
}

const alternatives = (config: Config, sameUpdate: boolean): readonly Optimizer[] => {
  const { optimizer } = config.recipe;
  if (!trains(config) || optimizer === 'none') return [];
  return valuesByRuntime.optimizer[config.runtime].filter(
    (value) =>
      value !== optimizer && value !== 'none' && (sameAlgorithm[optimizer]?.includes(value) ?? false) === sameUpdate,
  );
};

export const optimizerKernel: Strategy = {
  id: 'optimizer-kernel',
  touches: 'step',
  describe: 'The same update in one kernel: no list of square roots as large as the parameters.',
  cost: 'Usually faster.',
  numerics: 'same',
  changes: (config) => alternatives(config, true).map((optimizer) => ({ recipe: { optimizer } })),
  code,
};

export const optimizer: Strategy = {
  id: 'optimizer',
  touches: 'step',
  describe: 'Another update rule, or the same in 8 bits, with less state per parameter.',
  cost: 'Another training: learning rate and convergence change.',
  numerics: 'different',
  changes: (config) => alternatives(config, false).map((value) => ({ recipe: { optimizer: value } })),
  code,
};
