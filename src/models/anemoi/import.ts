/**
 * anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e and the releases 0.4 to 0.17 of anemoi-training): an entry file with its groups,
 * the composed file, or the part that was changed.
 */

import { given } from '../../config/given.js';
import { shown } from '../../config/nearest.js';
import { type ModelProfile, readProfile } from '../../config/profiles.js';
import type { Precision } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { type ImportedOptimizer, optimizerOf } from '../importing/optimizer.js';
import type { Settings } from '../importing/settings.js';
import { type Essential, type Imported, type Importer, planOf } from '../importing/types.js';
import { isHarmless } from './harmless-keys.js';
import { graphOf, type ImportedGraph, needsMeshEdges } from './import-graph.js';
import {
  type ImportedNetwork,
  inModel,
  keysOf,
  networkOf,
  type Part,
  parts,
  sameInAllParts,
} from './import-network.js';
import { type CrpsKind, joinsByEdges, type MapperKind } from './options.js';

const precisions: Readonly<Record<string, Precision>> = {
  '16-mixed': 'fp16',
  'bf16-mixed': 'bf16',
  '32-true': 'fp32',
  '32': 'fp32',
  'bf16-true': 'bf16-full',
};

/** Chunks are cut from the layers at hand, also where the number of chunks is the shipped group's. */
function checkpointOf(settings: Settings, base: ModelProfile, layers: number, hasMapperChunks: boolean): string {
  const view = settings.for('checkpoint');
  const isOn = (part: Part) => view.isOn(...keysOf(settings, part)('gradient_checkpointing'));
  const on = { encoder: isOn('encoder'), decoder: isOn('decoder'), processor: isOn('processor') };
  const chunkKeys = keysOf(settings, 'processor')('num_chunks');
  const chunks = view.whole(...chunkKeys);
  const [inEncoder, inDecoder] = (['encoder', 'decoder'] as const).map((part) =>
    view.whole(...keysOf(settings, part)('num_chunks')),
  );
  const differ = inEncoder !== undefined && inDecoder !== undefined && inEncoder !== inDecoder;
  if (hasMapperChunks && differ && !view.isTyped)
    throw new InputError(
      'not-priced',
      `${shown(settings.file)}: num_chunks ${inEncoder} in the encoder and ${inDecoder} in the decoder: one number for both is priced.`,
      [`--checkpoint encoder+decoder+edges:blocks=${Math.min(inEncoder, inDecoder)}`],
    );
  const own = base.recipe.checkpoint ?? 'none';
  const profiled = base.model.layers / Number(/every=(\d+)/.exec(own)?.[1] ?? base.model.layers);
  // The shipped group's, as far as they divide the layers at hand.
  const ownChunks = layers % profiled === 0 ? profiled : 1;
  const ownBlocks = Number(/blocks=(\d+)/.exec(own)?.[1] ?? 1);
  const blocks = inEncoder ?? inDecoder ?? ownBlocks;
  if (layers % (chunks ?? ownChunks) !== 0 && !view.isTyped)
    throw view.wrong(
      chunkKeys.find((key) => settings.has(key)) ?? chunkKeys[0]!,
      `must divide the ${layers} layers`,
      '2',
    );
  return planOf([
    (on.encoder ?? true) && 'encoder',
    (on.decoder ?? true) && 'decoder',
    (on.processor ?? true) && `processor:every=${layers / (chunks ?? ownChunks)}`,
    hasMapperChunks && blocks > 1 && `edges:blocks=${blocks}`,
  ]);
}

function cardsOf(settings: Settings, { isSharded }: ImportedOptimizer): ModelProfile['recipe'] {
  const hardware = (key: string) => settings.for('gpus').whole(`system.hardware.${key}`, `hardware.${key}`);
  const cards = (hardware('num_gpus_per_node') ?? 1) * (hardware('num_nodes') ?? 1);
  const perModel = hardware('num_gpus_per_model') ?? 1;
  // Models side by side hold what one holds.
  if (perModel > 1) return { gpus: perModel, parallel: 'model' };
  const zero = settings.isOn('training.zero_optimizer', 'training.optimizer.zero') || isSharded;
  return cards > 1 ? { gpus: Math.floor(cards), parallel: zero ? 'zero1' : 'data' } : {};
}

/** It keeps nothing, and optimizer states and the last gradients lie beside it: larger batches of fine grids can need more than training. */
function validationNotes(settings: Settings): readonly string[] {
  const view = settings.partOf('batch');
  const training = view.whole('dataloader.batch_size.training') ?? 1;
  const validation = view.whole('dataloader.batch_size.validation');
  if (validation === undefined || validation <= training) return [];
  return [
    `Validation has batch ${validation} and no gradients, and is not in these numbers: --validation-batch ${validation} counts it, and it may be the peak.`,
  ];
}

/** Where it starts is priced; a rollout that grows is said. */
function rolloutOf(settings: Settings): { readonly steps: number | undefined; readonly note: string | undefined } {
  const key = (name: string) => [`task.rollout.${name}`, `training.rollout.${name}`, `rollout.${name}`];
  const steps = settings.for('rollout').whole(...key('start'));
  const view = settings.partOf('rollout');
  const growth = view.whole(...key('epoch_increment')) ?? 0;
  const maximum = view.whole(...key('maximum'), ...key('max'));
  if (growth === 0 || maximum === undefined || maximum <= (steps ?? 1)) return { steps, note: undefined };
  const note = `The rollout grows from ${steps ?? 1} to ${maximum} steps: where it starts is priced; --rollout ${maximum} prices where it ends.`;
  return { steps, note };
}

function notesOf(settings: Settings): readonly string[] {
  const notes: string[] = [];
  const missing = settings
    .children('missing')
    .filter((name) => /^(model|graph|training|dataloader|task|system|hardware)\//.test(name));
  if (missing.length > 0)
    notes.push(
      `Neither beside the file nor shipped with anemoi-training: ${missing.join(', ')}. The composed file has all: anemoi-training config dump.`,
    );
  if (namesNoTraining(settings) && !settings.for('strategy').isTyped)
    notes.push(
      'The file has no training section, so no strategy: --strategy ddp counts the bucket and the hook of anemoi’s own.',
    );
  notes.push(...shardingNotes(settings));
  const gpus = (key: string) => settings.whole(`system.hardware.${key}`, `hardware.${key}`) ?? 1;
  if (gpus('num_gpus_per_ensemble') > gpus('num_gpus_per_model'))
    notes.push(
      'num_gpus_per_ensemble: the members of other cards are gathered for the loss, which sees them all: those of one card are priced.',
    );
  const offloads = parts.map((part) => settings.isOn(...keysOf(settings, part)('cpu_offload')));
  if (settings.isOn(...inModel('cpu_offload')) || offloads.includes(true))
    notes.push('cpu_offload True is not priced: activations are counted on the card.');
  if (settings.isOn(...inModel('model.latent_skip'), ...inModel('latent_skip')) === false)
    notes.push('latent_skip False is priced as True.');
  const strategy = settings.text('training.strategy._target_', 'strategy._target_') ?? '';
  if (/deepspeed|fsdp/i.test(strategy))
    notes.push(`strategy ${strategy} is not read: the cards share the work as in DistributedDataParallel.`);
  return [...notes, ...validationNotes(settings), ...trainableNotes(settings)];
}

/** What is cut otherwise than the shipped groups say. */
function shardingNotes(settings: Settings): readonly string[] {
  const cards = settings.whole('system.hardware.num_gpus_per_model', 'hardware.num_gpus_per_model') ?? 1;
  if (cards === 1) return [];
  const byHeads = parts.filter((part) => settings.text(...keysOf(settings, part)('shard_strategy')) === 'heads');
  return [
    `num_gpus_per_model ${cards}: one model over ${cards} cards; more models side by side hold as much each.`,
    ...(byHeads.length > 0 ? [`shard_strategy heads (${byHeads.join(', ')}) is priced as edges.`] : []),
    ...(settings.isOn(...inModel('keep_batch_sharded')) === false
      ? ['keep_batch_sharded False is priced as True: every card then holds the whole batch as well.']
      : []),
  ];
}

/** Trained features of nodes and edges, as every shipped group has them. */
const numTrained = 8;

function trainableNotes(settings: Settings): readonly string[] {
  const parents = ['trainable_parameters', 'node_trainable_parameters', 'edge_trainable_parameters'].flatMap(inModel);
  const others = parents.flatMap((parent) =>
    settings.children(parent).flatMap((name) => {
      const size = settings.whole(`${parent}.${name}`);
      return size === undefined || size === numTrained ? [] : [`${name} ${size}`];
    }),
  );
  for (const part of parts) {
    const size = settings.whole(...keysOf(settings, part)('trainable_size'));
    if (size !== undefined && size !== numTrained) others.push(`${part} ${size}`);
  }
  return others.length === 0 ? [] : [`Trained features (${others.join(', ')}) are priced as ${numTrained} each.`];
}

const crpsClasses: Readonly<Record<string, CrpsKind>> = {
  CRPS: 'crps',
  // Their names up to training 0.16.
  AlmostFairKernelCRPS: 'crps',
  KernelCRPS: 'crps-naive',
};

/** By its class, through the wrapper of several scales; any other than these is priced as a mean squared error. */
function lossOf(
  settings: Settings,
  { ensemble }: ImportedNetwork,
): { readonly loss?: CrpsKind; readonly notes: readonly string[] } {
  if (ensemble === undefined && settings.text('training.training_loss.datasets.data._target_')?.includes('Multiscale'))
    return { notes: ['The loss scores members, and the model has no noise: priced as a mean squared error of one.'] };
  const at = 'training.training_loss';
  const ofClass = (pattern: RegExp) =>
    settings
      .ending('_target_')
      .flatMap((key) => (pattern.test(key) ? (settings.text(key)?.split('.').at(-1) ?? []) : []));
  const outer = ofClass(/^training\.training_loss\.(datasets\.[^.]+\.)?_target_$/);
  const isWrapped = outer.every((name) => name === 'MultiscaleLossWrapper');
  const names = isWrapped ? ofClass(/^training\.training_loss\..*per_scale_loss\._target_$/) : outer;
  const [first] = names.flatMap((name) => crpsClasses[name] ?? []);
  const isNaive = settings.ending('backend').some((key) => key.startsWith(at) && settings.text(key) === 'naive');
  const unpriced = names.filter((name) => crpsClasses[name] === undefined && name !== 'MSELoss');
  const isSmoothed = settings.keys.some((key) => key.includes('multiscale_config.'));
  return {
    ...(first && { loss: isNaive ? 'crps-naive' : first }),
    notes: [
      ...(unpriced.length > 0
        ? [
            `The loss is ${unpriced.join(' and ')}: priced as ${first ?? 'a mean squared error'}, its own arrays are not.`,
          ]
        : []),
      ...(isSmoothed ? ['The loss smooths over several scales: one is priced.'] : []),
    ],
  };
}

interface Averaging {
  readonly isOnCard: boolean;
  readonly note: string;
}

/**
 * Lightning's AveragedModel copies the module with its buffers to the model's device unless `device` says another; StochasticWeightAveraging
 * keeps its copy on the host by default (pytorch-lightning 2.6.6, callbacks/weight_averaging.py and stochastic_weight_avg.py).
 */
function averagingOf(settings: Settings): Averaging | undefined {
  const name = settings.text('training.weight_averaging._target_')?.split('.').at(-1);
  const isOld = settings.isOn('training.swa.enabled') === true;
  if (name === undefined && !isOld) return undefined;
  const device = settings.text('training.weight_averaging.device');
  const isOnHost = isOld || name === 'StochasticWeightAveraging' ? !/cuda/.test(device ?? 'cpu') : device === 'cpu';
  const what = `Weight averaging (${name ?? 'training.swa.enabled'})`;
  return isOnHost
    ? { isOnCard: false, note: `${what} keeps its copy on the host: it costs the card nothing.` }
    : {
        isOnCard: true,
        note: `${what}: one more copy of the parameters on the card, as --ema. Its copy of the graph's buffers is not counted.`,
      };
}

function recipeOf(
  settings: Settings,
  optimizer: ImportedOptimizer,
  checkpoint: string | undefined,
  { ensemble }: ImportedNetwork,
): ModelProfile['recipe'] {
  return {
    ...given({
      precision: settings.for('precision').choice(precisions, 'training.precision', 'precision'),
      accumulate: settings.for('accumulate').whole('training.accum_grad_batches', 'accum_grad_batches'),
      batchSize: settings
        .for('batch')
        .whole('dataloader.batch_size.training', 'dataloader.batch_size', 'batch_size.training'),
      rolloutSteps: rolloutOf(settings).steps,
      checkpoint,
      optimizer: optimizer.optimizer,
      ensemble,
      ema: averagingOf(settings)?.isOnCard === true ? true : undefined,
    }),
    ...cardsOf(settings, optimizer),
  };
}

/** A composed file without the key is of a release before 0.8, or written by hand: that code knows one way, torch_geometric's. */
function backendOf(settings: Settings, { base }: ImportedNetwork) {
  const keys = parts.flatMap((part) => keysOf(settings, part)('graph_attention_backend'));
  const value = settings.for('attention-backend').choice({ pyg: 'pyg', triton: 'triton' } as const, ...keys);
  const isComposed = settings.children('defaults').length === 0;
  if (value !== undefined || !isComposed || base === undefined || base === 'anemoi-gnn') return { value, notes: [] };
  const note = 'graph_attention_backend is not in the file: pyg, the one way of releases before 0.8.';
  return { value: 'pyg' as const, notes: settings.for('attention-backend').isTyped ? [] : [note] };
}

/** Anemoi's own strategy for one card, or a model's file that names no training at all. */
function runsAlone(settings: Settings): boolean {
  const strategy = settings.text('training.strategy._target_', 'strategy._target_') ?? '';
  return /SingleDevice/.test(strategy) || namesNoTraining(settings);
}

const namesNoTraining = (settings: Settings): boolean =>
  settings.children('defaults').length === 0 && settings.children('training').length === 0 && !settings.has('strategy');

/** Diagnostic variables are outputs that no residual reaches; chunks that are recomputed are the plan's. */
function ownOf(
  settings: Settings,
  { model }: ImportedNetwork,
  layers: number | undefined,
  { coarsestScale }: ImportedGraph,
  loss: CrpsKind | undefined,
): ModelProfile['model']['own'] {
  const lists = settings.ending('diagnostic').filter((key) => /^data\./.test(key));
  const [diagnostic] = lists.map((key) => settings.value(key)).filter(Array.isArray);
  const ofProcessor = keysOf(settings, 'processor');
  const recomputes = settings.for('checkpoint').isOn(...ofProcessor('gradient_checkpointing')) ?? true;
  const chunks = recomputes ? undefined : settings.for('processor-chunks').whole(...ofProcessor('num_chunks'));
  const divides = chunks !== undefined && layers !== undefined && layers % chunks === 0;
  const own = {
    ...model.own,
    ...(lists.length === 1 && diagnostic && { diagnosticChannels: diagnostic.length }),
    ...(divides && { processorChunks: chunks }),
    ...(coarsestScale !== undefined && { coarsestScale }),
    ...(loss && { loss }),
    ...(runsAlone(settings) && { strategy: 'single' }),
  };
  return Object.keys(own).length === 0 ? undefined : own;
}

const ownCounts =
  'its five counts, --grid-nodes N --mesh-nodes N --mesh-edges N --grid2mesh-edges N --mesh2grid-edges N';

function read(settings: Settings): Imported {
  const network = networkOf(settings);
  const base = network.base === undefined ? undefined : readProfile<ModelProfile>('models', network.base);
  const mapper = network.model.own?.mapper;
  const number = (flag: string, key: string) =>
    sameInAllParts(settings.for(flag), (view, keys) => view.whole(...keys), key);
  const layers = settings.for('layers').whole(...keysOf(settings, 'processor')('num_layers'));
  const extra = sameInAllParts(
    settings.partOf('mlp-hidden-layers'),
    (view, keys) => view.whole(...keys),
    'mlp_extra_layers',
  );
  const graph = graphOf(settings, network);
  const backend = backendOf(settings, network);
  const optimizer = optimizerOf(settings, 'training.optimization.optimizer', 'training.optimizer');
  const [cutoff] = settings.ending('cutoff_factor');
  const ofParts = number('hidden-dim', 'num_channels');
  const priced = settings.typedNumber('layers') ?? layers;
  const averaging = averagingOf(settings);
  const loss = lossOf(settings, network);
  const rollout = rolloutOf(settings).note;
  const otherwise: Essential[] = [
    ...(graph.isOtherMesh ? ['mesh' as const] : []),
    ...(graph.isOtherGrid ? ['grid' as const] : []),
  ];
  return {
    base: network.base,
    otherwise,
    model: given({
      ...network.model,
      own: ownOf(settings, network, priced, graph, loss.loss),
      hiddenDim: settings.for('hidden-dim').whole(...inModel('num_channels')) ?? ofParts,
      layers,
      // The shipped groups have no extra layer.
      mlpHiddenLayers: extra === undefined || base === undefined ? undefined : base.model.mlpHiddenLayers + extra,
      heads: number('heads', 'num_heads'),
      mlpRatio: sameInAllParts(settings.for('mlp-ratio'), (view, keys) => view.decimal(...keys), 'mlp_hidden_ratio'),
      meshLevel: graph.meshLevel,
      mesh: graph.mesh,
      grid: graph.grid,
      radiusFraction: cutoff === undefined ? undefined : settings.for('radius-fraction').decimal(cutoff),
      attentionBackend: backend.value,
    }),
    recipe: recipeOf(
      settings,
      optimizer,
      base &&
        checkpointOf(
          settings,
          base,
          priced ?? base.model.layers,
          mapper === undefined || joinsByEdges(mapper as MapperKind),
        ),
      network,
    ),
    notes: [
      ...network.notes,
      ...graph.notes,
      ...backend.notes,
      ...(rollout === undefined ? [] : [rollout]),
      ...(averaging === undefined ? [] : [averaging.note]),
      ...loss.notes,
      ...notesOf(settings),
    ],
    asks: {
      layers: '--layers N   model.processor.num_layers',
      hiddenDim: '--hidden-dim N   model.num_channels',
      mesh: `--mesh-level N${needsMeshEdges(network) ? '' : ', or --mesh o96'}   graph.nodes.hidden.node_builder.resolution of TriNodes${graph.isOtherMesh ? `; another graph: ${ownCounts}` : ''}`,
      grid: `--grid LATxLON, or --grid o96   the data set decides: anemoi-datasets inspect, or data.resolution${graph.isOtherGrid ? `; another grid: ${ownCounts}` : ''}`,
      inputChannels:
        '--input-channels N   input steps × (prognostic + forcing variables): anemoi-datasets inspect, data.forcing',
      outputChannels:
        '--output-channels N   prognostic + diagnostic variables: anemoi-datasets inspect, data.diagnostic',
    },
  };
}

export const anemoi: Importer = {
  label: 'anemoi',
  bases: ['anemoi-gnn', 'anemoi-graphtransformer', 'anemoi-transformer'],
  recognizes: (settings) =>
    settings.has(
      ...['model.num_channels', 'num_channels', 'model.processor.num_layers', 'model.processor._target_'],
      ...['training.precision', 'training.accum_grad_batches', 'dataloader.batch_size.training', 'data.resolution'],
      ...[
        'graph.nodes.hidden.node_builder._target_',
        'system.hardware.num_gpus_per_model',
        'hardware.num_gpus_per_model',
      ],
      ...['defaults.model', 'defaults.graph', 'defaults.training'],
    ) || settings.keys.some((key) => settings.text(key)?.startsWith('anemoi.') ?? false),
  read,
  isHarmless,
};
