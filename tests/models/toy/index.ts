/**
 * A code base for tests, as docs/architecture.md adds one: weather stations instead of a grid, an MLP of one hidden layer over their rows.
 * It has an option of its own (`--stations`), a row set of its own, an importer, an exporter and a line to paste.
 */
import { integer } from '../../../src/config/option-value.js';
import type { Model } from '../../../src/config/types.js';
import type { CodeBase } from '../../../src/models/code-base.js';
import { icosahedralGraph } from '../../../src/models/graphs.js';
import { exporter, toyImporter } from './files.js';
import { toyProgram } from './program.js';

const numStations = ({ own }: Model): number => Number(own?.numStations);

export const toy: CodeBase = {
  name: 'toy',
  layouts: {
    toy: {
      label: 'the toy',
      home: 'pytorch',
      runtimes: ['pytorch'],
      options: [],
      processor: 'interaction',
      edgeBlocks: [],
    },
  },
  options: [
    {
      name: 'stations',
      key: 'numStations',
      value: integer(1, 1_000_000, '500'),
      default: 1000,
      help: 'Stations whose rows are read; everything but the parameters grows linearly.',
    },
  ],
  graph: icosahedralGraph(),
  program: toyProgram,
  dimensions: ({ model }) => ({ stations: numStations(model) }),
  modelNotes: (model) => (numStations(model) > 10_000 ? ['No country has that many stations.'] : []),
  lines: {
    pytorch: { precision: ({ recipe }) => [{ where: 'toy.yaml', text: `toy_precision: ${recipe.precision}` }] },
  },
  imports: { what: 'the toy', load: async () => [toyImporter] },
  exports: { load: async () => exporter },
};
