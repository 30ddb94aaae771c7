/** openclimatefix/graph_weather 1.0.146, whose mesh is H3. */
import { assetFile } from '../../config/assets.js';
import type { CodeBase } from '../code-base.js';
import { h3Graph } from '../graphs.js';
import { noSegments } from '../layers/segments.js';
import type { Refusal } from '../refusals.js';
import { once } from './context.js';
import { graphWeatherProgram } from './program.js';

/** Width of the edge rows that its decoder makes, whatever the hidden dimension. */
const decoderEdgeWidth = 256;

/** What graph_weather's GraphCast raises at, or has no option for (1.0.146, run on a CPU: tests/data/options-run.jsonl). */
const source = (path: string): string => `graph_weather 1.0.146, models/${path}`;

const refusals: readonly Refusal[] = [
  noSegments('graph_weather', source('graphcast/model.py, set_checkpoint_processor')),
  {
    kind: 'needsChange',
    applies: ({ precision }) => precision === 'bf16-full',
    instead: () => ({ precision: 'bf16' }),
    reason:
      'graph_weather keeps its edges’ features and the decoder’s zeros where model.to(torch.bfloat16) does not reach: it raises in its first product until they are cast too',
    source: source('layers/encoder.py and layers/assimilator_decoder.py'),
    nextSteps: () => ['--precision bf16'],
  },
];

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
  refusals,
};
