/** openclimatefix/graph_weather 1.0.146, whose mesh is H3. */
import { assetFile } from '../../config/assets.js';
import type { CodeBase } from '../code-base.js';
import { h3Graph } from '../graphs.js';
import { once } from './context.js';
import { graphWeatherProgram } from './program.js';
import { graphWeatherRefusals } from './refusals.js';

/** Width of the edge rows that its decoder makes, whatever the hidden dimension. */
const decoderEdgeWidth = 256;

export const graphWeather: CodeBase = {
  name: 'graph-weather',
  pythonPackages: ['graph-weather'],
  layouts: {
    'graph-weather': {
      label: 'graph-weather',
      home: 'pytorch',
      runtimes: ['pytorch'],
      options: [],
      processor: 'interaction',
      samplesShareRows: true,
      edgeBlocks: [],
    },
  },
  graph: h3Graph,
  program: graphWeatherProgram,
  dimensions: ({ model: { hiddenDim } }, counts) => ({
    allNodes: counts.gridNodes + counts.meshNodes,
    [once('grid2mesh')]: counts.grid2meshEdges,
    [once('mesh')]: counts.meshEdges,
    [once('mesh2grid')]: counts.mesh2gridEdges,
    decoderEdgeInput: 2 * hiddenDim + decoderEdgeWidth,
    decoderNodeInput: hiddenDim + decoderEdgeWidth,
  }),
  imports: {
    what: 'graph_weather',
    load: async () => [(await import('./import.js')).graphWeather],
  },
  ownStep: assetFile('models/graph-weather/step.py'),
  // Its finest checkpointing is by MLP, in encoder and decoder as well.
  processorCuts: { reachesFurther: (cut, { layers }) => cut.kind === 'every' && cut.layers === 1 && layers > 1 },
  refusals: graphWeatherRefusals,
};
