import { optionRuntimes } from '../config/capabilities.js';
import { offloadsOptimizer } from '../config/offload.js';
import type { Config, Optimizer } from '../config/types.js';
import type { CodeLine } from '../models/code-base.js';
import { trains } from './checkpoint-parts.js';
import type { Strategy } from './types.js';

export const hasOffload = (config: Config): boolean =>
  trains(config) && (optionRuntimes.offload?.includes(config.runtime) ?? true);

/** The class, and what it is given beside the parameters. */
const classes: Readonly<Partial<Record<Optimizer, readonly [name: string, more: string]>>> = {
  adamw: ['torch.optim.AdamW', ''],
  'adamw-fused': ['torch.optim.AdamW', ''],
  'adamw-8bit': ['bitsandbytes.optim.AdamW8bit', ''],
  adam: ['torch.optim.Adam', ''],
  adafactor: ['torch.optim.Adafactor', ''],
  momentum: ['torch.optim.SGD', ', momentum=0.9'],
};

function code({ runtime, recipe: { optimizer } }: Config): readonly CodeLine[] {
  const made = classes[optimizer];
  if (runtime !== 'pytorch' || made === undefined) return [];
  const [name, more] = made;
  return [{ where: 'PyTorch', text: `torchao.optim.CPUOffloadOptimizer(model.parameters(), ${name}, lr=lr${more})` }];
}

export const offloadOptimizer: Strategy = {
  id: 'offload-optimizer',
  touches: 'step',
  describe: 'Holds the optimizer’s state in the host’s memory.',
  cost: 'Gradients and parameters cross the bus, in PyTorch the host updates them: per parameter 4 bytes each way in fp32, and clipping no longer reaches them. In TensorFlow.js the state crosses it.',
  numerics: 'same',
  changes: (config) =>
    hasOffload(config) && classes[config.recipe.optimizer] !== undefined && !offloadsOptimizer(config.recipe)
      ? [{ offload: 'optimizer' }]
      : [],
  code,
};
