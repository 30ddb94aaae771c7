/** Which of anemoi's networks a configuration builds (anemoi-models 0.19.0 and before), by the whole names of its classes. */
import { shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';
import type { Settings } from '../importing/settings.js';

export type Family = 'anemoi-gnn' | 'anemoi-graphtransformer';

interface PricedClasses {
  readonly processor: string;
  readonly encoder: string;
  readonly decoder: string;
  readonly norm: string;
}

/** Priced as these classes and no others. Whoever prices another network adds its row. */
const families: Readonly<Record<Family, PricedClasses>> = {
  'anemoi-gnn': {
    processor: 'anemoi.models.layers.processor.GNNProcessor',
    encoder: 'anemoi.models.layers.mapper.GNNForwardMapper',
    decoder: 'anemoi.models.layers.mapper.GNNBackwardMapper',
    norm: 'anemoi.models.layers.normalization.AutocastLayerNorm',
  },
  'anemoi-graphtransformer': {
    processor: 'anemoi.models.layers.processor.GraphTransformerProcessor',
    encoder: 'anemoi.models.layers.mapper.GraphTransformerForwardMapper',
    decoder: 'anemoi.models.layers.mapper.GraphTransformerBackwardMapper',
    norm: 'torch.nn.LayerNorm',
  },
};

/** Around the processor; the first since release 0.5, the second before. */
const networks = [
  'anemoi.models.models.AnemoiModelEncProcDec',
  'anemoi.models.models.encoder_processor_decoder.AnemoiModelEncProcDec',
];

export type Part = 'encoder' | 'decoder' | 'processor';
export const parts: readonly Part[] = ['processor', 'encoder', 'decoder'];

/** A model file by itself has no `model.` before its keys. */
export const inModel = (key: string): readonly [string, string] => [`model.${key}`, key];

/** `model.encoders.0.mapper` since release 0.17, `model.encoder` before. */
export function keysOf(settings: Settings, part: Part): (key: string) => readonly string[] {
  if (part === 'processor') return (key) => inModel(`processor.${key}`);
  const names = [`model.${part}s`, `${part}s`].flatMap((parent) =>
    settings.children(parent).map((child) => `${parent}.${child}.mapper`),
  );
  if (names.length > 1)
    throw new InputError(
      'not-priced',
      `${shown(settings.file)}: ${part}s of several data sets (${names.join(', ')}) are not priced.`,
      ['One encoder and one decoder.'],
    );
  return (key) => [...inModel(`${part}.${key}`), ...names.map((name) => `${name}.${key}`)];
}

/** Keys that only networks have which are not priced, whatever their classes are called. */
const signs: readonly (readonly [sign: string, network: string])[] = [
  ['noise_injector', 'an ensemble model with noise injection'],
  ['model.transport', 'a transport (diffusion) model'],
  ['noise_embedder', 'a diffusion model'],
  ['level_process_num_layers', 'a hierarchical model'],
  ['enable_hierarchical_level_processing', 'a hierarchical model'],
];

/** Options of the layers with the one value that is priced. */
const pricedValues: Readonly<Record<string, unknown>> = {
  qk_norm: false,
  edge_pre_mlp: false,
  mlp_implementation: 'mlp',
};

function refuse(settings: Settings, what: string): never {
  throw new InputError('not-priced', `${shown(settings.file)}: ${what} is not priced.`, [
    `Priced: ${Object.values(families)
      .map(({ processor }) => processor)
      .join(', ')}.`,
  ]);
}

/** @throws InputError for every class and option that makes it another network. */
export function familyOf(settings: Settings): Family | undefined {
  const byProcessor = Object.fromEntries(Object.entries(families).map(([name, of]) => [of.processor, name as Family]));
  const family = settings.class(byProcessor, ...keysOf(settings, 'processor')('_target_'));
  settings.class(Object.fromEntries(networks.map((name) => [name, true])), 'model.model._target_', 'model._target_');
  const of = family === undefined ? Object.values(families) : [families[family]];
  const oneOf = (part: keyof PricedClasses) => Object.fromEntries(of.map((classes) => [classes[part], true]));
  settings.class(oneOf('norm'), ...inModel('layer_kernels.LayerNorm._target_'));
  for (const part of parts) {
    const keys = keysOf(settings, part);
    if (part !== 'processor') settings.class(oneOf(part), ...keys('_target_'));
    settings.class(oneOf('norm'), ...keys('layer_kernels.LayerNorm._target_'));
    for (const [option, priced] of Object.entries(pricedValues)) {
      const key = keys(option).find((name) => settings.has(name));
      const value = key === undefined ? undefined : settings.value(key);
      if (value !== undefined && value !== priced) refuse(settings, `${key} ${value}`);
    }
  }
  for (const [sign, network] of signs) {
    const key = inModel(sign).find((name) => settings.has(name) || settings.children(name).length > 0);
    if (key !== undefined && settings.value(key) !== false) refuse(settings, `${network} (${key})`);
  }
  return family;
}

/** One width, number of heads and ratio is priced, that of all parts; `view`: with the flag that says it for all of them. */
export function sameInAllParts(
  view: Settings,
  read: (view: Settings, keys: readonly string[]) => number | undefined,
  key: string,
): number | undefined {
  const values = parts.map((part) => read(view, keysOf(view, part)(key)));
  const known = new Set(values.filter((value) => value !== undefined));
  if (known.size > 1 && !view.isTyped)
    refuse(view, `${key} ${parts.map((part, index) => `${values[index] ?? '–'} in the ${part}`).join(', ')}`);
  return [...known][0];
}
