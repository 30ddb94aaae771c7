/** The optimizer that a Hydra configuration builds: `_target_` is the dotted name of its class. */
import type { Recipe } from '../../config/types.js';
import type { Settings } from './settings.js';

interface Priced {
  readonly optimizer: Recipe['optimizer'];
  /** Whose implementation is priced. */
  readonly library: string;
}

const classes: Readonly<Record<string, Priced>> = {
  AdamW: { optimizer: 'adamw', library: 'torch' },
  Adam: { optimizer: 'adam', library: 'torch' },
  SGD: { optimizer: 'sgd', library: 'torch' },
  Adafactor: { optimizer: 'adafactor', library: 'torch' },
  AdamW8bit: { optimizer: 'adamw-8bit', library: 'bitsandbytes' },
};

export interface ImportedOptimizer {
  readonly optimizer?: Recipe['optimizer'];
  readonly isSharded: boolean;
  readonly notes: readonly string[];
}

/** `parents`: the keys below which an optimizer may be. */
export function optimizerOf(settings: Settings, ...parents: readonly string[]): ImportedOptimizer {
  const key = (name: string) => parents.map((parent) => `${parent}.${name}`);
  const target = settings.text(...key('_target_'));
  const isSharded = target?.endsWith('.ZeroRedundancyOptimizer') ?? false;
  const sharded = settings.text(...key('optimizer_class'));
  const path = isSharded ? sharded : target;
  const isFused = settings.isOn(...key('fused')) ?? false;
  const momentum = settings.decimal(...key('momentum')) ?? 0;
  if (path === undefined) return { isSharded, notes: [] };
  const priced = classes[path.split('.').at(-1)!];
  if (priced === undefined)
    return { isSharded, notes: [`optimizer ${path} is not known here: the profile’s is priced.`] };
  const { library } = priced;
  return {
    optimizer: variantOf(priced.optimizer, isFused, momentum),
    isSharded,
    notes: path.startsWith(`${library}.`) ? [] : [`optimizer ${path} is priced as the one of ${library}.`],
  };
}

function variantOf(optimizer: Recipe['optimizer'], isFused: boolean, momentum: number): Recipe['optimizer'] {
  if (optimizer === 'adamw' && isFused) return 'adamw-fused';
  return optimizer === 'sgd' && momentum > 0 ? 'momentum' : optimizer;
}
