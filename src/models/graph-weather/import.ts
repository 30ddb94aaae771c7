/**
 * Arguments of graph_weather's GraphCast class (openclimatefix/graph_weather cbf72b3, graph_weather/models/graphcast/model.py), as JSON or
 * YAML. Its forecaster's GraphWeatherForecasterConfig is another network and is refused by name.
 */

import { shown } from '../../config/nearest.js';
import { given, type ModelProfile } from '../../config/profiles.js';
import { InputError } from '../../errors.js';
import type { Settings } from '../importing/settings.js';
import type { Imported, Importer } from '../importing/types.js';

/** `GraphCast.__init__`. */
const constructorDefaults = {
  hiddenDim: 256,
  layers: 9,
  meshLevel: 2,
  inputChannels: 78,
  outputChannels: 78,
} as const satisfies Partial<ModelProfile['model']>;

const ofForecaster = ['feature_dim', 'aux_dim', 'num_blocks', 'hidden_dim_processor_node'];

function read(settings: Settings): Imported {
  if (settings.has(...ofForecaster))
    throw new InputError(
      'not-priced',
      `${shown(settings.file)}: graph_weather's GraphWeatherForecaster is not priced; its GraphCast class is.`,
      ['gc-plan estimate graph-weather --hidden-dim 256 --layers 9'],
    );
  const said = given({
    hiddenDim: settings.for('hidden-dim').whole('hidden_dim'),
    layers: settings.for('layers').whole('num_processor_blocks'),
    meshLevel: settings.for('mesh-level').whole('resolution'),
    mlpHiddenLayers: settings.for('mlp-hidden-layers').whole('hidden_layers'),
    inputChannels: settings.for('input-channels').whole('input_dim'),
    outputChannels: settings.for('output-channels').whole('output_dim'),
  });
  if (settings.for('checkpoint').isOn('use_checkpointing') && !settings.for('checkpoint').isTyped)
    throw new InputError('not-priced', `${shown(settings.file)}: use_checkpointing true has levels of its own.`, [
      '--checkpoint encoder+decoder+processor:every=1',
      '--checkpoint none',
    ]);
  const open = Object.entries(constructorDefaults).filter(([key]) => !(key in said));
  const listed = open.map(([key, value]) => `${key} ${value}`).join(', ');
  return {
    base: 'graph-weather',
    model: { ...constructorDefaults, ...said },
    recipe: {},
    notes: open.length === 0 ? [] : [`GraphCast's own defaults (its constructor) stand in: ${listed}.`],
    asks: {
      layers: '--layers N   num_processor_blocks',
      hiddenDim: '--hidden-dim N   hidden_dim',
      mesh: '--mesh-level N   resolution of H3',
      grid: '--grid LATxLON   lat_lons',
      inputChannels: '--input-channels N   input_dim',
      outputChannels: '--output-channels N   output_dim',
    },
  };
}

export const graphWeather: Importer = {
  label: 'graph_weather',
  bases: ['graph-weather'],
  recognizes: (settings) =>
    settings.has('num_processor_blocks') || ofForecaster.filter((key) => settings.has(key)).length >= 2,
  read,
  isHarmless: (key) => /^(lat_lons|efficient_batching|name|_target_)\b/.test(key),
};
