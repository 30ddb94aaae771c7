/**
 * PhysicsNeMo: the YAML of its GraphCast example in every release (NVIDIA/physicsnemo 94b3551, examples/weather/graphcast/conf/config.yaml, and
 * before), its shallow-water example, and the arguments of GraphCastNet in other recipes, wherever they are nested.
 */

import { resolutionGrid } from '../../config/grid.js';
import { shown } from '../../config/nearest.js';
import { given, type ModelProfile, type RecipeOptions } from '../../config/profiles.js';
import type { Grid, Precision } from '../../config/types.js';
import type { Settings } from '../importing/settings.js';
import { type Imported, type Importer, planOf } from '../importing/types.js';
import { gridKind, kindOfRows } from './index.js';

type ModelOptions = Partial<ModelProfile['model']>;

/**
 * Of the constructor (physicsnemo 2.2.2, models/graphcast/graph_cast_net.py, GraphCastNet.__init__). Its 721×1440 is left out: the grid is the
 * data's, and a file without one is asked for it.
 */
const constructorDefaults = {
  mesh: { meshLevel: 6 },
  layers: { layers: 16 },
  hiddenDim: { hiddenDim: 512 },
  inputChannels: { inputChannels: 474 },
  outputChannels: { outputChannels: 227 },
} as const satisfies Readonly<Record<string, ModelOptions>>;

const argumentNames = [
  'input_dim_grid_nodes',
  'output_dim_grid_nodes',
  'input_res',
  'do_concat_trick',
  'multimesh_level',
];
const exampleNames = [
  'latlon_res',
  'num_channels_climate',
  'concat_trick',
  'checkpoint_encoder',
  'full_bf16',
  'num_channels',
];

/** What stands before the arguments of GraphCastNet: `model.`, `arch.graphcast.`, … */
function prefixOf(settings: Settings): string | undefined {
  const inner = settings.keys.filter((key) => /(^|\.)(processor_layers|hidden_dim)$/.test(key));
  for (const key of inner) {
    const prefix = key.replace(/(processor_layers|hidden_dim)$/, '');
    if (argumentNames.some((name) => settings.has(prefix + name))) return prefix;
  }
  return undefined;
}

function gridOf(settings: Settings): Grid | undefined {
  const view = settings.for('grid');
  const key = ['latlon_res', 'input_res'].find((name) => settings.has(name));
  const size = view.list('latlon_res', 'input_res');
  if (size === undefined || key === undefined) return undefined;
  const [latitudes, longitudes] = size;
  if (typeof latitudes !== 'number' || typeof longitudes !== 'number' || size.length !== 2)
    throw settings.wrong(key, 'must be two whole numbers', '[721, 1440]');
  return { latitudes, longitudes, kind: gridKind };
}

const count = (isOn: boolean | undefined): number => (isOn ? 1 : 0);

/** The example's data set: (climate + cos zenith + 4 times of year) × (history + 1) + static in, climate out; synthetic data has climate only. */
function channelsOf(settings: Settings): ModelOptions {
  // Before release 23.11 one number said both.
  const both = settings.whole('num_channels');
  const climate = settings.whole('num_channels_climate');
  const fixed = settings.whole('num_channels_static') ?? 5;
  const history = settings.whole('num_history') ?? 0;
  const zenith = count(settings.isOn('use_cos_zenith'));
  const time = 4 * count(settings.isOn('use_time_of_year_index'));
  const synthetic = settings.isOn('synthetic_dataset') ?? false;
  const inputChannels = settings.for('input-channels').whole('input_dim_grid_nodes');
  const outputChannels = settings.for('output-channels').whole('output_dim_grid_nodes');
  const made = synthetic ? climate : climate && (climate + zenith + time) * (history + 1) + fixed;
  return given({
    inputChannels: inputChannels ?? made ?? both,
    outputChannels: outputChannels ?? climate ?? both,
  });
}

const ampTypes = { bfloat16: 'bf16', float16: 'fp16' } as const;

function precisionOf(settings: Settings): Precision | undefined {
  const view = settings.for('precision');
  const full = view.isOn('full_bf16');
  const amp = view.isOn('amp', 'enable_amp');
  const type = view.choice(ampTypes, 'amp_dtype');
  if (full) return 'bf16-full';
  if (amp) return type ?? 'bf16';
  return full === undefined && amp === undefined ? undefined : 'fp32';
}

function checkpointOf(settings: Settings): string | undefined {
  const view = settings.for('checkpoint');
  const single = view.isOn('force_single_checkpoint');
  const encoder = view.isOn('checkpoint_encoder');
  const decoder = view.isOn('checkpoint_decoder');
  const processor = view.isOn('checkpoint_processor');
  const segments = view.whole('segments') ?? 1;
  if ([single, encoder, decoder, processor].every((value) => value === undefined)) return undefined;
  if (single) return 'model';
  return planOf([encoder && 'encoder', decoder && 'decoder', processor && `processor:segments=${segments}`]);
}

function notesOf(settings: Settings): readonly string[] {
  const notes: string[] = [];
  settings.class({ MessagePassing: true }, 'processor_type');
  settings.class({ sum: true }, 'aggregation');
  if (settings.isOn('multimesh') === false) notes.push('multimesh false: the edges of all mesh levels are priced.');
  if (settings.text('norm_type') === 'TELayerNorm') notes.push('norm_type TELayerNorm is priced as LayerNorm.');
  if (settings.isOn('jit'))
    notes.push('jit true: what torch.compile fuses is priced as if it ran operation by operation.');
  if ((settings.whole('partition_size', 'graph_partition_size') ?? 1) > 1)
    notes.push('partition_size above 1: add --gpus N --parallel graph; PhysicsNeMo’s current release refuses it.');
  return notes;
}

/** Options that a file does not have are off: a release before they existed, or a recipe of one's own. */
const absent = {
  precision: 'fp32',
  checkpoint: 'none',
  concatTrick: 'off',
  recomputeActivation: false,
} as const satisfies RecipeOptions;

const asks = {
  layers: '--layers N   processor_layers',
  hiddenDim: '--hidden-dim N   hidden_dim',
  mesh: '--mesh-level N   mesh_level, or data.multimesh_level',
  grid: '--grid LATxLON   latlon_res, input_res of GraphCastNet, or data.angular_resolution',
  inputChannels:
    '--input-channels N   (num_channels_climate + cos zenith + times) × (num_history + 1) + num_channels_static, or input_dim_grid_nodes',
  outputChannels: '--output-channels N   num_channels_climate, or output_dim_grid_nodes',
} as const;

/** Essentials that the constructor's defaults say where the file does not, and the sentence that lists them. */
function fromConstructor(model: ModelOptions, names: readonly (keyof typeof constructorDefaults)[]) {
  const missing = names.filter((name) => Object.keys(constructorDefaults[name]).every((key) => !(key in model)));
  const values: ModelOptions = Object.assign({}, ...missing.map((name) => constructorDefaults[name]));
  const listed = missing.map((name) => `${Object.values(constructorDefaults[name])[0]}`);
  return {
    values,
    notes:
      missing.length === 0
        ? []
        : [
            `GraphCastNet's own defaults (its constructor) stand in: ${missing.map((name, i) => `${name} ${listed[i]}`).join(', ')}.`,
          ],
  };
}

function swe(settings: Settings): Imported {
  const data = settings.below('data.');
  const model = settings.below('model.');
  const degrees = data.for('resolution').decimal('angular_resolution');
  const said: ModelOptions = given({
    hiddenDim: model.for('hidden-dim').whole('hidden_dim'),
    layers: model.for('layers').whole('processor_layers', 'num_layers'),
    mlpHiddenLayers: model.for('mlp-hidden-layers').whole('hidden_layers'),
    meshLevel: data.for('mesh-level').whole('multimesh_level'),
    grid:
      degrees === undefined
        ? undefined
        : { ...resolutionGrid(degrees, kindOfRows, '180x360', `${shown(settings.file)}: angular_resolution`) },
    // Height and two velocities.
    inputChannels: 3,
    outputChannels: 3,
  });
  const concat = model.isOn('do_concat_trick');
  return {
    base: 'physicsnemo-swe',
    model: said,
    recipe: given({
      concatTrick: concat === undefined ? undefined : concat ? ('fused' as const) : ('off' as const),
      recomputeActivation: model.isOn('recompute_activation'),
    }),
    notes: ['The shallow-water example: 3 channels in and out (height and two velocities).', ...notesOf(model)],
    asks,
  };
}

function read(settings: Settings): Imported {
  if (settings.has('data.angular_resolution', 'data.multimesh_level')) return swe(settings);
  const isExample = exampleNames.some((name) => settings.has(name));
  const prefix = isExample ? '' : (prefixOf(settings) ?? '');
  const own = settings.below(prefix);
  const concat = own.for('concat-trick').isOn('concat_trick', 'do_concat_trick');
  const said: ModelOptions = given({
    hiddenDim: own.for('hidden-dim').whole('hidden_dim'),
    layers: own.for('layers').whole('processor_layers'),
    meshLevel: own.for('mesh-level').whole('mesh_level', 'multimesh_level'),
    mlpHiddenLayers: own.for('mlp-hidden-layers').whole('hidden_layers'),
    grid: gridOf(own),
    ...channelsOf(own),
  });
  // The example's script passes the channels of its data set, never the constructor's.
  const { values, notes } = fromConstructor(
    said,
    isExample ? ['mesh', 'layers', 'hiddenDim'] : ['mesh', 'layers', 'hiddenDim', 'inputChannels', 'outputChannels'],
  );
  return {
    base: 'physicsnemo-graphcast',
    model: { ...values, ...said },
    recipe: {
      ...absent,
      // The example's train_graphcast.py makes a fused AdamW.
      optimizer: isExample ? 'adamw-fused' : 'adamw',
      ...given({
        precision: precisionOf(own),
        checkpoint: checkpointOf(own),
        concatTrick: concat === undefined ? undefined : concat ? ('fused' as const) : ('off' as const),
        recomputeActivation: own.for('recompute-activation').isOn('recompute_activation'),
      }),
    },
    notes: [
      ...notes,
      `What the file does not say of precision, checkpointing and tricks is off${isExample ? '' : ', and its optimizer torch’s AdamW'}.`,
      ...notesOf(own),
    ],
    asks,
  };
}

const harmless =
  /(^|\.)(\w*_finetune|khop_neighbors|num_attention_heads|(use_)?cugraphops_\w+|dataset_\w*|static_dataset_path|time_diff_std_path|num_samples_per_year_train|num_workers|num_channels_val|num_val_\w+|dt|start_year|stride|grad_clip_norm|lr\w*|num_iters_\w+|step_change_freq|save_freq|val_freq|wb_\w+|watch_model|ckpt_\w+|val_dir|pyt_profiler|profile\w*|activation_fn|input_dim_mesh_nodes|input_dim_edges|graph_backend|use_apex|_target_|name|partition_group_name|use_lat_lon_partitioning|expect_partitioned_input|global_features_on_rank_0|produce_aggregated_output\w*|dummy_data|nsteps|num_samples\w*|dt_solver|initial_condition|normalize|epochs|max_epochs|seed|weight_decay|betas|gamma|scheduler\w*)$|^(hydra|defaults|missing)\b/;

export const physicsnemo: Importer = {
  label: 'PhysicsNeMo',
  bases: ['physicsnemo-graphcast', 'physicsnemo-swe'],
  recognizes: (settings) =>
    prefixOf(settings) !== undefined ||
    settings.has('data.angular_resolution') ||
    (settings.has('processor_layers', 'hidden_dim', 'latlon_res') &&
      settings.has('mesh_level', ...exampleNames.filter((name) => name !== 'num_channels'))),
  read,
  isHarmless: (key) => harmless.test(key),
};
