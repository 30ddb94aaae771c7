/** The toy's configuration file: `toy_stations: 500`, `toy_width: 64`, `toy_precision: bf16`. */
import { given } from '../../../src/config/profiles.js';
import type { Exporter, Value } from '../../../src/models/exporting/types.js';
import { writeYaml } from '../../../src/models/exporting/write.js';
import type { Importer } from '../../../src/models/importing/types.js';

const precisions = { fp32: 'fp32', bf16: 'bf16', fp16: 'fp16', 'bf16-full': 'bf16-full' } as const;

export const toyImporter: Importer = {
  label: 'the toy',
  bases: ['neural-lam'],
  recognizes: (settings) => settings.has('toy_stations'),
  read: (settings) => ({
    base: 'neural-lam',
    model: {
      layout: 'toy',
      ...given({ hiddenDim: settings.for('hidden-dim').whole('toy_width') }),
      layers: 1,
      meshLevel: 0,
      grid: { latitudes: 2, longitudes: 3, kind: 'no-poles' },
      inputChannels: 7,
      outputChannels: 5,
      own: given({ numStations: settings.for('stations').whole('toy_stations') }),
    },
    recipe: { ...given({ precision: settings.for('precision').choice(precisions, 'toy_precision') }), batchSize: 1 },
    notes: [],
    asks: {
      layers: '--layers N',
      hiddenDim: '--hidden-dim N   toy_width',
      mesh: '--mesh-level N',
      grid: '--grid LATxLON',
      inputChannels: '--input-channels N',
      outputChannels: '--output-channels N',
    },
  }),
  isHarmless: (key) => key === 'toy_name',
};

export const exporter: Exporter = {
  keysOf: ({ model, recipe }) => ({
    keys: new Map<string, Value>([
      ['toy_stations', Number(model.own?.numStations)],
      ['toy_width', model.hiddenDim],
      ['toy_precision', recipe.precision],
    ]),
    missing: recipe.accumulate > 1 ? [`${recipe.accumulate} accumulated micro-steps`] : [],
  }),
  write: writeYaml,
  ending: 'yaml',
};
