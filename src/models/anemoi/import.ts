/**
 * anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e and the releases 0.4 to 0.17 of anemoi-training): an entry file with its groups,
 * the composed file, or the part that was changed.
 */
import { given } from '../../config/given.js';
import { numPoints, parseReducedGaussian } from '../../config/grid.js';
import { type ModelProfile, readProfile } from '../../config/profiles.js';
import type { Grid, Precision } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { type ImportedOptimizer, optimizerOf } from '../importing/optimizer.js';
import type { Settings } from '../importing/settings.js';
import { type Imported, type Importer, planOf } from '../importing/types.js';

type Family = 'anemoi-gnn' | 'anemoi-graphtransformer';

/** Everything below is priced as these classes and no others. Whoever prices another one adds its row. */
const processors: Readonly<Record<string, Family>> = {
  'anemoi.models.layers.processor.GNNProcessor': 'anemoi-gnn',
  'anemoi.models.layers.processor.GraphTransformerProcessor': 'anemoi-graphtransformer',
};
const mappers: Readonly<Record<Family, Readonly<Record<'encoder' | 'decoder', string>>>> = {
  'anemoi-gnn': {
    encoder: 'anemoi.models.layers.mapper.GNNForwardMapper',
    decoder: 'anemoi.models.layers.mapper.GNNBackwardMapper',
  },
  'anemoi-graphtransformer': {
    encoder: 'anemoi.models.layers.mapper.GraphTransformerForwardMapper',
    decoder: 'anemoi.models.layers.mapper.GraphTransformerBackwardMapper',
  },
};
const networks: Readonly<Record<string, true>> = {
  'anemoi.models.models.AnemoiModelEncProcDec': true,
  'anemoi.models.models.encoder_processor_decoder.AnemoiModelEncProcDec': true,
};
const norms: Readonly<Record<string, true>> = {
  'torch.nn.LayerNorm': true,
  'anemoi.models.layers.normalization.AutocastLayerNorm': true,
};
/** What the three edge sets are built by; `k`: the only number of neighbours that is priced. */
const edgeBuilders: Readonly<Record<string, string>> = {
  'data hidden': 'anemoi.graphs.edges.CutOffEdges',
  'hidden hidden': 'anemoi.graphs.edges.MultiScaleEdges',
  'hidden data': 'anemoi.graphs.edges.KNNEdges',
};
const decoderNeighbours = 3;
const meshBuilder = 'anemoi.graphs.nodes.TriNodes';

const precisions: Readonly<Record<string, Precision>> = {
  '16-mixed': 'fp16',
  'bf16-mixed': 'bf16',
  '32-true': 'fp32',
  '32': 'fp32',
  'bf16-true': 'bf16-full',
};

/** A model file by itself has no `model.` before its keys. */
const inModel = (key: string): readonly [string, string] => [`model.${key}`, key];

type Part = 'encoder' | 'decoder' | 'processor';

/** `model.encoders.0.mapper` since release 0.17, `model.encoder` before. */
function partOf(settings: Settings, part: Part): (key: string) => readonly string[] {
  if (part === 'processor') return (key) => inModel(`processor.${key}`);
  const names = [`model.${part}s`, `${part}s`].flatMap((parent) =>
    settings.children(parent).map((child) => `${parent}.${child}.mapper`),
  );
  if (names.length > 1)
    throw new InputError(
      'not-priced',
      `${settings.file}: ${part}s of several data sets (${names.join(', ')}) are not priced.`,
      ['One encoder and one decoder.'],
    );
  return (key) => [...inModel(`${part}.${key}`), ...names.map((name) => `${name}.${key}`)];
}

function familyOf(settings: Settings): Family | undefined {
  const family = settings.class(processors, ...partOf(settings, 'processor')('_target_'));
  settings.class(networks, 'model.model._target_', 'model._target_');
  settings.class(
    norms,
    ...inModel('layer_kernels.LayerNorm._target_'),
    ...partOf(settings, 'processor')('layer_kernels.LayerNorm._target_'),
  );
  for (const part of ['encoder', 'decoder'] as const) {
    const keys = partOf(settings, part)('_target_');
    settings.class(norms, ...partOf(settings, part)('layer_kernels.LayerNorm._target_'));
    const priced = family === undefined ? Object.values(mappers).map((of) => of[part]) : [mappers[family][part]];
    settings.class(Object.fromEntries(priced.map((name) => [name, true])), ...keys);
  }
  return family;
}

/** Chunks are cut from the layers at hand, also where the number of chunks is the shipped group's. */
function checkpointOf(settings: Settings, base: ModelProfile, layers: number): string {
  const view = settings.for('checkpoint');
  const isOn = (part: Part) => view.isOn(...partOf(settings, part)('gradient_checkpointing'));
  const on = { encoder: isOn('encoder'), decoder: isOn('decoder'), processor: isOn('processor') };
  const chunkKeys = partOf(settings, 'processor')('num_chunks');
  const chunks = view.whole(...chunkKeys);
  const mapperChunks = view.whole(...partOf(settings, 'encoder')('num_chunks'));
  view.whole(...partOf(settings, 'decoder')('num_chunks'));
  const own = base.recipe.checkpoint ?? 'none';
  const ownChunks = base.model.layers / Number(/every=(\d+)/.exec(own)?.[1] ?? base.model.layers);
  const ownBlocks = Number(/blocks=(\d+)/.exec(own)?.[1] ?? 1);
  const blocks = mapperChunks ?? ownBlocks;
  if (layers % (chunks ?? ownChunks) !== 0)
    throw settings.wrong(
      chunkKeys.find((key) => settings.has(key)) ?? chunkKeys[0]!,
      `must divide the ${layers} layers`,
      '2',
    );
  return planOf([
    (on.encoder ?? true) && 'encoder',
    (on.decoder ?? true) && 'decoder',
    (on.processor ?? true) && `processor:every=${layers / (chunks ?? ownChunks)}`,
    blocks > 1 && `edges:blocks=${blocks}`,
  ]);
}

function cardsOf(settings: Settings, { isSharded }: ImportedOptimizer): ModelProfile['recipe'] {
  const hardware = (key: string) => settings.for('gpus').whole(`system.hardware.${key}`, `hardware.${key}`);
  const perNode = hardware('num_gpus_per_node') ?? 1;
  const cards = (perNode * (hardware('num_nodes') ?? 1)) / (hardware('num_gpus_per_model') ?? 1);
  const zero = settings.isOn('training.zero_optimizer', 'training.optimizer.zero') || isSharded;
  return cards > 1 ? { gpus: Math.floor(cards), parallel: zero ? 'zero1' : 'data' } : {};
}

interface Graph {
  readonly meshLevel: number | undefined;
  readonly grid: Grid | undefined;
  /** Why the latent mesh or an edge set is not the one that is priced. */
  readonly otherMesh: string | undefined;
  readonly notes: readonly string[];
}

/** Builders of one edge set, `data hidden` → class names. */
function builtBy(settings: Settings, parent: string): readonly string[] {
  return settings.children(parent).flatMap((set) => {
    const at = `${parent}.${set}`;
    const pair = `${settings.text(`${at}.source_name`) ?? '?'} ${settings.text(`${at}.target_name`) ?? '?'}`;
    const builders = settings.children(`${at}.edge_builders`).map((each) => `${at}.edge_builders.${each}`);
    const names = builders.map((each) => settings.text(`${each}._target_`) ?? '?');
    const neighbours = builders.flatMap((each) => settings.whole(`${each}.num_nearest_neighbours`) ?? []);
    const hops = builders.flatMap((each) => settings.whole(`${each}.x_hops`) ?? []);
    const isPriced =
      names.length === 1 &&
      names[0] === edgeBuilders[pair] &&
      neighbours.every((k) => k === decoderNeighbours) &&
      hops.every((hop) => hop === 1);
    return isPriced
      ? []
      : [`${pair.replace(' ', ' → ')}: ${names.map((name) => name.split('.').at(-1)).join(' + ') || 'none'}`];
  });
}

function graphOf(settings: Settings): Graph {
  const nodes = (key: string): readonly [string, string] => [
    `graph.nodes.hidden.node_builder.${key}`,
    `nodes.hidden.node_builder.${key}`,
  ];
  const notes: string[] = [];
  const named = settings.text('data.resolution', 'resolution');
  const grid = named === undefined ? undefined : parseReducedGaussian(named);
  if (grid !== undefined) notes.push(`The data grid is ${named} = ${numPoints(grid).toLocaleString('en-US')} points.`);
  const builder = settings.text(...nodes('_target_'));
  const level = settings.for('mesh-level').whole(...nodes('resolution'));
  const latent = settings.text(...nodes('grid'));
  const latentGrid = latent === undefined ? undefined : parseReducedGaussian(latent);
  const others = [...builtBy(settings, 'graph.edges'), ...builtBy(settings, 'edges')];
  if (builder !== undefined && builder !== meshBuilder) {
    const size = latentGrid ? ` ${latent} = ${numPoints(latentGrid).toLocaleString('en-US')} points` : '';
    const what = `The latent mesh is ${builder.split('.').at(-1)}${size}.`;
    notes.push(what);
    return { meshLevel: undefined, grid, otherMesh: what, notes };
  }
  if (level !== undefined)
    notes.push(`The latent mesh is TriNodes ${level}${settings.originOf(...nodes('resolution'))}.`);
  if (others.length > 0) notes.push(`Edges that are built otherwise than is priced: ${others.join('; ')}.`);
  return {
    meshLevel: others.length > 0 ? undefined : level,
    grid,
    otherMesh: others.length > 0 ? others.join('; ') : undefined,
    notes,
  };
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
  if ((settings.for('gpus').whole('system.hardware.num_gpus_per_model', 'hardware.num_gpus_per_model') ?? 1) > 1)
    notes.push(
      'num_gpus_per_model above 1: anemoi’s model sharding is not priced; the model is priced whole on one card.',
    );
  if (settings.isOn(...inModel('cpu_offload')))
    notes.push('cpu_offload True is not priced: activations are counted on the card.');
  const strategy = settings.text('training.strategy._target_', 'strategy._target_') ?? '';
  if (/deepspeed|fsdp/i.test(strategy))
    notes.push(`strategy ${strategy} is not read: the cards share the work as in DistributedDataParallel.`);
  return notes;
}

function recipeOf(
  settings: Settings,
  optimizer: ImportedOptimizer,
  checkpoint: string | undefined,
): ModelProfile['recipe'] {
  return {
    ...given({
      precision: settings.for('precision').choice(precisions, 'training.precision', 'precision'),
      accumulate: settings.for('accumulate').whole('training.accum_grad_batches', 'accum_grad_batches'),
      batchSize: settings
        .for('batch')
        .whole('dataloader.batch_size.training', 'dataloader.batch_size', 'batch_size.training'),
      rolloutSteps: settings.for('rollout').whole('task.rollout.start', 'training.rollout.start', 'rollout.start'),
      checkpoint,
      optimizer: optimizer.optimizer,
    }),
    ...cardsOf(settings, optimizer),
  };
}

function read(settings: Settings): Imported {
  const family = familyOf(settings);
  const base = family === undefined ? undefined : readProfile<ModelProfile>('models', family);
  const inProcessor = partOf(settings, 'processor');
  const layers = settings.for('layers').whole(...inProcessor('num_layers'));
  const extra = settings.for('mlp-hidden-layers').whole(...inProcessor('mlp_extra_layers'));
  for (const part of ['encoder', 'decoder'] as const) {
    const keys = partOf(settings, part);
    settings.for('heads').whole(...keys('num_heads'));
    settings.for('mlp-ratio').decimal(...keys('mlp_hidden_ratio'));
    settings.whole(...keys('mlp_extra_layers'));
    settings.for('hidden-dim').whole(...keys('num_channels'));
  }
  const graph = graphOf(settings);
  const optimizer = optimizerOf(settings, 'training.optimization.optimizer', 'training.optimizer');
  const [cutoff] = settings.ending('cutoff_factor');
  const hiddenDim = settings.for('hidden-dim').whole(...inModel('num_channels'), ...inProcessor('num_channels'));
  return {
    base: family,
    model: given({
      hiddenDim,
      layers,
      // The shipped groups have no extra layer.
      mlpHiddenLayers: extra === undefined || base === undefined ? undefined : base.model.mlpHiddenLayers + extra,
      heads: settings.for('heads').whole(...inProcessor('num_heads')),
      mlpRatio: settings.for('mlp-ratio').decimal(...inProcessor('mlp_hidden_ratio')),
      meshLevel: graph.meshLevel,
      grid: graph.grid,
      radiusFraction: cutoff === undefined ? undefined : settings.for('radius-fraction').decimal(cutoff),
      attentionBackend: settings
        .for('attention-backend')
        .choice({ pyg: 'pyg', triton: 'triton' } as const, ...inProcessor('graph_attention_backend')),
    }),
    recipe: recipeOf(settings, optimizer, base && checkpointOf(settings, base, layers ?? base.model.layers)),
    notes: [...graph.notes, ...notesOf(settings)],
    asks: {
      layers: '--layers N   model.processor.num_layers',
      hiddenDim: '--hidden-dim N   model.num_channels',
      mesh: `--mesh-level N   graph.nodes.hidden.node_builder.resolution of TriNodes${graph.otherMesh === undefined ? '' : '; another graph: its five counts, --grid-nodes N --mesh-nodes N --mesh-edges N --grid2mesh-edges N --mesh2grid-edges N'}`,
      grid: '--grid LATxLON, or --grid o96   the data set decides: anemoi-datasets inspect, or data.resolution',
      inputChannels:
        '--input-channels N   input steps × (prognostic + forcing variables): anemoi-datasets inspect, data.forcing',
      outputChannels:
        '--output-channels N   prognostic + diagnostic variables: anemoi-datasets inspect, data.diagnostic',
    },
  };
}

/** First parts of keys that no array depends on, then last parts, wherever they stand. */
const harmlessGroups = [
  'defaults',
  'missing',
  'data',
  'diagnostics',
  'system.input',
  'system.output',
  'system.paths',
  'hardware.paths',
  'hardware.files',
  'paths',
  'files',
  'config_validation',
  'hydra',
  'job',
];
const harmlessNames =
  /(^|\.)(lr|gradient_clip|loss\w*|training_loss|validation_metrics|metrics|scalers|max_epochs|max_steps|run_id|fork_run_id|load_weights_only|deterministic|swa|strategy|variable_groups|num_sanity_val_steps|activation|_convert_|_recursive_|bounding|output_mask|residual|epoch_increment|maximum|max|timestep|multistep_input|multistep_output|edge_attributes|attributes|node_builder|overwrite|keep_batch_sharded|shard_strategy|layer_kernels|num_gpus_per_node|num_nodes|accelerator|source_name|target_name|source_datasets|target_datasets|latent_aggregator|(pl_)?lr_scheduler)(\.|$)/;
const harmlessTargets =
  /(^|\.)(lr_scheduler|loss\w*|training_loss|metrics|scalers|attributes|edge_attributes|residual|bounding|strategy|task|method)\b.*_target_$/;

function isHarmless(key: string): boolean {
  // Of what is offloaded, nothing is known to leave memory alone.
  if (key.includes('offload')) return false;
  if (harmlessGroups.some((group) => key === group || key.startsWith(`${group}.`))) return true;
  if (/^dataloader\.(?!batch_size(\.training)?$|read_group_size)/.test(key)) return true;
  if (/^training\.(optimization\.)?optimizer\.(betas|eps|weight_decay|nesterov)/.test(key)) return true;
  if (key.endsWith('_target_')) return harmlessTargets.test(key);
  return harmlessNames.test(key);
}

export const anemoi: Importer = {
  label: 'anemoi',
  bases: ['anemoi-gnn', 'anemoi-graphtransformer'],
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
