/** openclimatefix/graph_weather 1.0.146, whose mesh is H3. */
import type { CodeBase } from '../code-base.js';
import { h3Graph } from '../graphs.js';
import { graphWeatherProgram } from './program.js';
import { graphWeatherRefusals } from './refusals.js';

/** Width of the edge rows that its decoder makes, whatever the hidden dimension. */
const decoderEdgeWidth = 256;

export const graphWeather: CodeBase = {
  name: 'graph-weather',
  layouts: {
    'graph-weather': {
      label: 'graph-weather',
      home: 'pytorch',
      runtimes: ['pytorch'],
      options: [],
      processor: 'interaction',
      edgeBlocks: [],
    },
  },
  graph: h3Graph,
  program: graphWeatherProgram,
  dimensions: ({ model: { hiddenDim } }, { gridNodes, meshNodes }) => ({
    allNodes: gridNodes + meshNodes,
    decoderEdgeInput: 2 * hiddenDim + decoderEdgeWidth,
    decoderNodeInput: hiddenDim + decoderEdgeWidth,
  }),
  imports: {
    what: 'graph_weather',
    load: async () => [(await import('./import.js')).graphWeather],
  },
  refusals: graphWeatherRefusals,
};
