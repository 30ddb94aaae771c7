/** The optimizer that a Hydra configuration builds: `_target_` is the dotted name of its class. */
import type { Recipe } from '../../config/types.js';
import type { Settings } from './settings.js';

type Optimizer = Recipe['optimizer'];

const classes: Readonly<Record<string, Optimizer>> = {
  'torch.optim.AdamW': 'adamw',
  'torch.optim.adamw.AdamW': 'adamw',
  'torch.optim.Adam': 'adam',
  'torch.optim.adam.Adam': 'adam',
  'torch.optim.SGD': 'sgd',
  'torch.optim.sgd.SGD': 'sgd',
  'torch.optim.Adafactor': 'adafactor',
  'bitsandbytes.optim.AdamW8bit': 'adamw-8bit',
};
const sharding: Readonly<Record<string, true>> = { 'torch.distributed.optim.ZeroRedundancyOptimizer': true };

export interface ImportedOptimizer {
  readonly optimizer?: Optimizer;
  readonly isSharded: boolean;
}

/** `parents`: the keys below which an optimizer may be. */
export function optimizerOf(settings: Settings, ...parents: readonly string[]): ImportedOptimizer {
  const view = settings.for('optimizer');
  const key = (name: string) => parents.map((parent) => `${parent}.${name}`);
  const isSharded = Object.hasOwn(sharding, view.text(...key('_target_')) ?? '');
  const optimizer = view.class(
    classes,
    ...(isSharded ? [...key('optimizer_class'), ...key('optimizer_class._target_')] : key('_target_')),
  );
  const isFused = view.isOn(...key('fused')) ?? false;
  const momentum = view.decimal(...key('momentum')) ?? 0;
  return optimizer === undefined ? { isSharded } : { optimizer: variantOf(optimizer, isFused, momentum), isSharded };
}

function variantOf(optimizer: Optimizer, isFused: boolean, momentum: number): Optimizer {
  if (optimizer === 'adamw' && isFused) return 'adamw-fused';
  return optimizer === 'sgd' && momentum > 0 ? 'momentum' : optimizer;
}
