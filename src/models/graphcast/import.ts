/**
 * DeepMind's ModelConfig and TaskConfig (google-deepmind/graphcast 08cf736, graphcast.py): as JSON, or as a released checkpoint holds
 * them, together (`model_config`, `task_config`) or one of them alone.
 */

import { kindOfRows, resolutionGrid } from '../../config/grid.js';
import { shown } from '../../config/nearest.js';
import { given, type ModelProfile, readProfile } from '../../config/profiles.js';
import type { Settings } from '../importing/settings.js';
import type { Imported, Importer } from '../importing/types.js';

const own = (key: string, config: 'model_config' | 'task_config'): readonly [string, string, string] => [
  `${config}.${key}`,
  key,
  `${config === 'model_config' ? 'ModelConfig' : 'TaskConfig'}.${key}`,
];

const atmospheric = new Set([
  'temperature',
  'geopotential',
  'u_component_of_wind',
  'v_component_of_wind',
  'vertical_velocity',
  'specific_humidity',
]);
const fixed = new Set(['geopotential_at_surface', 'land_sea_mask']);
/** cos latitude, sin and cos longitude, which the model adds itself. */
const numStructural = 3;
const hoursPerStep = 6;

/** A list, or a tuple as a checkpoint flattens it: `input_variables.0`, `.1`, … */
function listOf(settings: Settings, key: string): readonly string[] | undefined {
  const keys = own(key, 'task_config');
  const list = settings.list(...keys.filter((name) => settings.has(name)));
  if (list) return list.map(String);
  const flat = keys.flatMap((name) => settings.keys.filter((known) => known.startsWith(`${name}.`)));
  return flat.length === 0 ? undefined : flat.map((name) => settings.text(name) ?? '');
}

type Channels = Readonly<Record<'pressureLevels' | 'inputChannels' | 'outputChannels', number | undefined>>;

/** Input times × (surface + levels × atmospheric + forcings) + the target's forcings + what never changes + structure. */
function channelsOf(settings: Settings): Channels {
  const inputs = listOf(settings, 'input_variables');
  const targets = listOf(settings, 'target_variables');
  const forcings = new Set(listOf(settings, 'forcing_variables') ?? []);
  const levels = listOf(settings, 'pressure_levels')?.length;
  const duration = settings.text(...own('input_duration', 'task_config')) ?? '12h';
  if (inputs === undefined || targets === undefined || levels === undefined)
    return { pressureLevels: levels, inputChannels: undefined, outputChannels: undefined };
  const numTimes = Math.max(1, Number.parseInt(duration, 10) / hoursPerStep);
  const width = (variable: string) => (atmospheric.has(variable) ? levels : 1);
  const sum = (variables: readonly string[]) => variables.reduce((total, variable) => total + width(variable), 0);
  const moving = inputs.filter((variable) => !fixed.has(variable));
  const numFixed = inputs.length - moving.length;
  return {
    pressureLevels: levels,
    inputChannels: numTimes * sum(moving) + forcings.size + numFixed + numStructural,
    outputChannels: sum(targets),
  };
}

/** The released models that a ModelConfig by itself names: their mesh and grid are no other's. */
const releasedWithoutTask = { meshLevel: 5, degrees: 1, base: 'graphcast-small' } as const;

const askForLevels =
  '--levels 13|37, or --input-channels N and --output-channels N   the TaskConfig of the checkpoint says the variables';

function read(settings: Settings): Imported {
  const whole = (flag: string, key: string) => settings.for(flag).whole(...own(key, 'model_config'));
  const resolution = settings.for('resolution').decimal(...own('resolution', 'model_config'));
  settings.decimal(...own('mesh2grid_edge_normalization_factor', 'model_config'));
  const base = readProfile<ModelProfile>('models', 'graphcast');
  const meshLevel = whole('mesh-level', 'mesh_size');
  const channels = channelsOf(settings);
  const isSmall =
    channels.inputChannels === undefined &&
    channels.pressureLevels === undefined &&
    meshLevel === releasedWithoutTask.meshLevel &&
    resolution === releasedWithoutTask.degrees;
  const small = readProfile<ModelProfile>('models', releasedWithoutTask.base).model;
  const { pressureLevels, inputChannels, outputChannels } = isSmall ? small : channels;
  return {
    base: base.name,
    model: given({
      hiddenDim: whole('hidden-dim', 'latent_size'),
      layers: whole('layers', 'gnn_msg_steps'),
      meshLevel,
      mlpHiddenLayers: whole('mlp-hidden-layers', 'hidden_layers'),
      radiusFraction: settings
        .for('radius-fraction')
        .decimal(...own('radius_query_fraction_edge_length', 'model_config')),
      // 0 in configurations that take the grid from the data.
      grid: resolution
        ? resolutionGrid(resolution, kindOfRows, base.gridAtOneDegree, `${shown(settings.file)}: resolution`)
        : undefined,
      pressureLevels,
      inputChannels,
      outputChannels,
    }),
    recipe: {},
    notes: isSmall
      ? [
          'There is no TaskConfig: mesh 5 at 1 degree is the released GraphCast_small, so its 13 levels are priced (--levels for another).',
        ]
      : [],
    asks: {
      layers: '--layers N   gnn_msg_steps',
      hiddenDim: '--hidden-dim N   latent_size',
      mesh: '--mesh-level N   mesh_size',
      grid: '--resolution DEG, or --grid LATxLON   resolution 0 takes the grid from the data',
      inputChannels: askForLevels,
      outputChannels: askForLevels,
    },
  };
}

const harmless =
  /^(description|license|params\..*|((model_config|ModelConfig)\.)?(name|mesh2grid_edge_normalization_factor)|(task_config\.|TaskConfig\.)?(input_duration|target_lead_times.*))$/;

export const deepmind: Importer = {
  label: 'DeepMind GraphCast',
  bases: ['graphcast', 'graphcast-small', 'graphcast-operational', 'graphcast-1p5deg'],
  recognizes: (settings) =>
    ['mesh_size', 'latent_size', 'gnn_msg_steps'].some((key) => settings.has(...own(key, 'model_config'))),
  read,
  isHarmless: (key) => harmless.test(key),
};
