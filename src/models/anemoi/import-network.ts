/** Which of anemoi's networks a configuration builds (anemoi-models 0.19.0 and before), by the whole names of its classes. */
import { shown } from '../../config/nearest.js';
import type { ModelProfile } from '../../config/profiles.js';
import type { OwnValue, ProcessorKind } from '../../config/types.js';
import { InputError } from '../../errors.js';
import type { Settings, SettingValue } from '../importing/settings.js';
import { hiddenNoiseChannels, noiseChannels } from './noise.js';
import { everyRow, type MapperKind, noWindow, shippedMembers } from './options.js';

interface PricedProcessor {
  /** The shipped model whose defaults are its own. */
  readonly base: 'anemoi-gnn' | 'anemoi-graphtransformer' | 'anemoi-transformer';
  readonly processor: ProcessorKind;
}

const layers = 'anemoi.models.layers';
const torchNorm = 'torch.nn.LayerNorm';
const castingNorm = `${layers}.normalization.AutocastLayerNorm`;
const conditionalNorm = `${layers}.normalization.ConditionalLayerNorm`;

/** Priced as these classes and no others. Whoever prices another network adds its row. */
const processors: Readonly<Record<string, PricedProcessor>> = {
  [`${layers}.processor.GNNProcessor`]: { base: 'anemoi-gnn', processor: 'interaction' },
  [`${layers}.processor.GraphTransformerProcessor`]: { base: 'anemoi-graphtransformer', processor: 'attention' },
  [`${layers}.processor.TransformerProcessor`]: { base: 'anemoi-transformer', processor: 'transformer' },
  [`${layers}.processor.PointWiseMLPProcessor`]: { base: 'anemoi-transformer', processor: 'point-wise' },
};

const mapperNames: Readonly<Record<MapperKind, string>> = {
  gnn: 'GNN',
  graphtransformer: 'GraphTransformer',
  transformer: 'Transformer',
  'point-wise': 'PointWise',
};

const mappers = (direction: 'Forward' | 'Backward'): Readonly<Record<string, MapperKind>> =>
  Object.fromEntries(
    Object.entries(mapperNames).map(([kind, name]) => [
      `${layers}.mapper.${name}${direction}Mapper`,
      kind as MapperKind,
    ]),
  );

/** Around the processor, by release: one model for every member alike, or one whose noise tells members apart. */
const networks: Readonly<Record<string, 'plain' | 'ensemble'>> = {
  'anemoi.models.models.AnemoiModelEncProcDec': 'plain',
  'anemoi.models.models.encoder_processor_decoder.AnemoiModelEncProcDec': 'plain',
  'anemoi.models.models.AnemoiEnsModelEncProcDec': 'ensemble',
  'anemoi.models.models.ens_encoder_processor_decoder.AnemoiEnsModelEncProcDec': 'ensemble',
};

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
  ['model.transport', 'a transport (diffusion) model'],
  ['noise_embedder', 'a diffusion model'],
  ['level_process_num_layers', 'a hierarchical model'],
  ['enable_hierarchical_level_processing', 'a hierarchical model'],
];

/** Options of the layers with the one value that is priced. */
const pricedValues: Readonly<Record<string, SettingValue>> = {
  edge_pre_mlp: false,
  mlp_implementation: 'mlp',
  dropout_p: 0,
  softcap: 0,
  use_alibi_slopes: false,
  // Absent where it is the width of the rows.
  attn_channels: null,
};
const pricedInMappers: Readonly<Record<string, SettingValue>> = { qk_norm: false, use_rotary_embeddings: false };

function refuse(settings: Settings, what: string): never {
  throw new InputError('not-priced', `${shown(settings.file)}: ${what} is not priced.`, [
    `Priced: ${Object.keys(processors).join(', ')}.`,
  ]);
}

function refuseOthers(
  settings: Settings,
  keys: (option: string) => readonly string[],
  priced: Readonly<Record<string, SettingValue>>,
): void {
  for (const [option, value] of Object.entries(priced)) {
    const given = settings.value(...keys(option));
    if (given !== undefined && given !== value)
      refuse(settings, `${keys(option).find((key) => settings.has(key))} ${given}`);
  }
}

export interface ImportedNetwork {
  /** Absent: the file does not say. */
  readonly base: PricedProcessor['base'] | undefined;
  readonly model: Pick<Partial<ModelProfile['model']>, 'processor' | 'own'>;
  /** Members on the card, of a model with noise. */
  readonly ensemble?: number;
  readonly notes: readonly string[];
}

/** @throws InputError for every class and option that makes it another network. */
export function networkOf(settings: Settings): ImportedNetwork {
  const priced = settings.class(processors, ...keysOf(settings, 'processor')('_target_'));
  const network = settings.class(networks, 'model.model._target_', 'model._target_') ?? 'plain';
  for (const [sign, name] of signs) {
    const key = inModel(sign).find((each) => settings.has(each) || settings.children(each).length > 0);
    if (key !== undefined && settings.value(key) !== false) refuse(settings, `${name} (${key})`);
  }
  const isEnsemble = network === 'ensemble';
  if (isEnsemble) checkNoise(settings);
  else if (settings.children('model.noise_injector').length > 0)
    refuse(settings, 'noise (model.noise_injector) in a model that is no AnemoiEnsModelEncProcDec');
  checkNorms(settings, priced?.processor, isEnsemble);
  for (const part of parts) refuseOthers(settings, keysOf(settings, part), pricedValues);
  const mapper = mapperOf(settings);
  const attention = attentionOf(settings, priced?.processor, mapper);
  const qkNorm = settings.for('qk-norm').isOn(...keysOf(settings, 'processor')('qk_norm'));
  const own: Readonly<Record<string, OwnValue>> = {
    ...(mapper !== undefined && { mapper }),
    ...attention,
    ...(qkNorm !== undefined && { qkNorm }),
  };
  const members = isEnsemble ? membersOf(settings) : undefined;
  return {
    base: priced?.base,
    model: { ...(priced && { processor: priced.processor }), ...(Object.keys(own).length > 0 && { own }) },
    ...(members && { ensemble: members.count }),
    notes: members?.notes ?? [],
  };
}

/** Encoder and decoder are of one kind. */
function mapperOf(settings: Settings): MapperKind | undefined {
  const view = settings.for('mapper');
  const encoder = view.class(mappers('Forward'), ...keysOf(settings, 'encoder')('_target_'));
  const decoder = view.class(mappers('Backward'), ...keysOf(settings, 'decoder')('_target_'));
  if (encoder !== undefined && decoder !== undefined && encoder !== decoder && !view.isTyped)
    refuse(settings, `a ${mapperNames[encoder]} encoder beside a ${mapperNames[decoder]} decoder`);
  for (const part of ['encoder', 'decoder'] as const) refuseOthers(settings, keysOf(settings, part), pricedInMappers);
  return encoder ?? decoder;
}

/** The GNN's norms cast back to their input's type, the others' do not; those of a processor with noise are conditional. */
function checkNorms(settings: Settings, processor: ProcessorKind | undefined, isEnsemble: boolean): void {
  const priced = { [torchNorm]: true, [castingNorm]: true };
  settings.class(priced, ...inModel('layer_kernels.LayerNorm._target_'));
  for (const part of parts) {
    const [key = ''] = keysOf(settings, part)('layer_kernels.LayerNorm._target_').filter((each) => settings.has(each));
    if (key === '') continue;
    if (part !== 'processor' || processor === undefined) settings.class(priced, key);
    else {
      const own = isEnsemble ? conditionalNorm : processor === 'interaction' ? castingNorm : torchNorm;
      settings.class({ [own]: true }, key);
    }
  }
}

/** The one injector and the sizes that are priced. */
function checkNoise(settings: Settings): void {
  const keys = (key: string) => inModel(`noise_injector.${key}`);
  settings.class({ [`${layers}.ensemble.NoiseConditioning`]: true }, ...keys('_target_'));
  refuseOthers(settings, keys, {
    noise_channels_dim: noiseChannels.factor,
    noise_mlp_hidden_dim: hiddenNoiseChannels.factor,
  });
  for (const option of ['noise_matrix', 'noise_edges_name']) {
    const value = settings.value(...keys(option));
    if (value !== undefined) refuse(settings, `noise on a grid of its own (${option} ${value})`);
  }
  refuseOthers(settings, inModel, { 'model.condition_on_residual': false, condition_on_residual: false });
}

function membersOf(settings: Settings): { readonly count: number; readonly notes: readonly string[] } {
  const key = 'training.ensemble_size_per_device';
  const said = settings.for('ensemble').whole(key);
  if (said !== undefined) return { count: said, notes: [] };
  return {
    count: shippedMembers,
    notes: [`${key} is not in the file: ${shippedMembers}, the shipped group training/ensemble's.`],
  };
}

const implementations = { flash_attention: 'flash', scaled_dot_product_attention: 'sdpa' } as const;

function attentionOf(settings: Settings, processor: ProcessorKind | undefined, mapper: MapperKind | undefined) {
  const attention: Record<string, OwnValue> = {};
  const attending = parts.filter((part) => (part === 'processor' ? processor : mapper) === 'transformer');
  const view = settings.for('attention-implementation');
  const kinds = attending.map((part) =>
    view.choice(implementations, ...keysOf(settings, part)('attention_implementation')),
  );
  const known = new Set(kinds.filter((kind) => kind !== undefined));
  if (known.size > 1 && !view.isTyped) refuse(settings, 'attention_implementation that differs between the parts');
  const [kind] = known;
  if (kind !== undefined) attention.attentionImplementation = kind;
  const windowsOf = (ofParts: readonly Part[], key: 'windowSize' | 'mapperWindowSize') =>
    ofParts
      .filter((part) => attending.includes(part))
      .map((part) => windowOf(settings, keysOf(settings, part)('window_size'), key, kind));
  Object.assign(attention, ...windowsOf(['processor'], 'windowSize'));
  const [encoder, decoder] = windowsOf(['encoder', 'decoder'], 'mapperWindowSize');
  const differ = encoder?.mapperWindowSize !== decoder?.mapperWindowSize;
  if (differ && !settings.for('mapper-window-size').isTyped)
    refuse(
      settings,
      `window_size ${encoder?.mapperWindowSize ?? 'null'} of the encoder and ${decoder?.mapperWindowSize ?? 'null'} of the decoder`,
    );
  Object.assign(attention, encoder);
  return attention;
}

function windowOf(
  settings: Settings,
  keys: readonly string[],
  key: 'windowSize' | 'mapperWindowSize',
  kind: (typeof implementations)[keyof typeof implementations] | undefined,
): Readonly<Record<string, OwnValue>> {
  const window = settings.value(...keys);
  // `null` says that there is none; a key that is not there leaves the shipped group's.
  if (window === undefined) return settings.has(...keys) ? { [key]: noWindow } : {};
  if (window === noWindow) return { [key]: kind === 'sdpa' ? everyRow : noWindow };
  const size = settings.for(key === 'windowSize' ? 'window-size' : 'mapper-window-size').whole(...keys);
  return size === undefined ? {} : { [key]: size };
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
