/** PhysicsNeMo's Hydra configuration (NVIDIA/physicsnemo 94b3551, examples/weather/graphcast/conf/config.yaml). */
import { given } from '../../config/given.js';
import type { Grid, Precision } from '../../config/types.js';
import type { Settings } from '../importing/settings.js';
import { type Imported, type Importer, planOf } from '../importing/types.js';

function gridOf(settings: Settings): Grid | undefined {
  const size = settings.list('latlon_res', 'input_res');
  if (size === undefined) return undefined;
  const [latitudes, longitudes] = size;
  if (typeof latitudes !== 'number' || typeof longitudes !== 'number')
    throw settings.wrong(
      settings.has('latlon_res') ? 'latlon_res' : 'input_res',
      'must be two whole numbers',
      '[721, 1440]',
    );
  return { latitudes, longitudes, kind: 'physicsnemo' };
}

const count = (isOn: boolean | undefined): number => (isOn ? 1 : 0);

/** The example's data set: (climate + cos zenith + 4 times of year) × (history + 1) + static in, climate out; synthetic data has climate only. */
function channelsOf(settings: Settings) {
  const climate = settings.whole('num_channels_climate');
  const fixed = settings.whole('num_channels_static') ?? 5;
  const history = settings.whole('num_history') ?? 0;
  const zenith = count(settings.isOn('use_cos_zenith'));
  const time = 4 * count(settings.isOn('use_time_of_year_index'));
  const synthetic = settings.isOn('synthetic_dataset') ?? false;
  const inputChannels = settings.whole('input_dim_grid_nodes');
  const outputChannels = settings.whole('output_dim_grid_nodes');
  if (climate === undefined || inputChannels !== undefined) return { inputChannels, outputChannels };
  return {
    inputChannels: synthetic ? climate : (climate + zenith + time) * (history + 1) + fixed,
    outputChannels: outputChannels ?? climate,
  };
}

const ampTypes = { bfloat16: 'bf16', float16: 'fp16' } as const;

function precisionOf(settings: Settings): Precision | undefined {
  const full = settings.isOn('full_bf16');
  const amp = settings.isOn('amp');
  const type = settings.choice(ampTypes, 'amp_dtype');
  if (full) return 'bf16-full';
  if (amp) return type ?? 'bf16';
  return full === undefined && amp === undefined ? undefined : 'fp32';
}

function checkpointOf(settings: Settings): string | undefined {
  const single = settings.isOn('force_single_checkpoint');
  const encoder = settings.isOn('checkpoint_encoder');
  const decoder = settings.isOn('checkpoint_decoder');
  const processor = settings.isOn('checkpoint_processor');
  const segments = settings.whole('segments') ?? 1;
  if ([single, encoder, decoder, processor].every((value) => value === undefined)) return undefined;
  if (single) return 'model';
  return planOf([encoder && 'encoder', decoder && 'decoder', processor && `processor:segments=${segments}`]);
}

function notesOf(settings: Settings): readonly string[] {
  const notes: string[] = [];
  if (settings.text('processor_type') === 'GraphTransformer')
    notes.push('processor_type GraphTransformer (k-hop attention of Transformer Engine) is priced as MessagePassing.');
  if (settings.isOn('multimesh') === false) notes.push('multimesh false: the edges of all mesh levels are priced.');
  if (settings.text('norm_type') === 'TELayerNorm') notes.push('norm_type TELayerNorm is priced as LayerNorm.');
  if (settings.isOn('jit'))
    notes.push('jit true: what torch.compile fuses is priced as if it ran operation by operation.');
  if ((settings.whole('partition_size') ?? 1) > 1)
    notes.push('partition_size above 1: add --gpus N --parallel graph; PhysicsNeMo’s current release refuses it.');
  return notes;
}

function read(settings: Settings): Imported {
  const concat = settings.isOn('concat_trick', 'do_concat_trick');
  return {
    base: 'physicsnemo-graphcast',
    model: given({
      hiddenDim: settings.whole('hidden_dim'),
      layers: settings.whole('processor_layers'),
      meshLevel: settings.whole('mesh_level', 'multimesh_level'),
      mlpHiddenLayers: settings.whole('hidden_layers'),
      grid: gridOf(settings),
      ...channelsOf(settings),
    }),
    recipe: given({
      precision: precisionOf(settings),
      checkpoint: checkpointOf(settings),
      concatTrick: concat === undefined ? undefined : concat ? ('fused' as const) : ('off' as const),
      recomputeActivation: settings.isOn('recompute_activation'),
    }),
    notes: notesOf(settings),
  };
}

export const physicsnemo: Importer = {
  label: 'PhysicsNeMo',
  recognizes: (settings) =>
    settings.has('processor_layers', 'hidden_dim') &&
    settings.has('latlon_res', 'mesh_level', 'num_channels_climate', 'concat_trick'),
  read,
  harmless:
    /_finetune$|^(khop_neighbors|num_attention_heads|cugraphops_\w+|dataset_\w*|static_dataset_path|time_diff_std_path|num_samples_per_year_train|num_workers|num_channels_val|num_val_\w+|dt|start_year|stride|grad_clip_norm|lr\w*|num_iters_\w+|step_change_freq|save_freq|val_freq|wb_\w+|watch_model|ckpt_\w+|val_dir|pyt_profiler|profile\w*|aggregation|activation_fn|hydra\..*|defaults.*)$/,
};
