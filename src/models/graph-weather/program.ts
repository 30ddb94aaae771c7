/**
 * graph_weather's GraphCast class (openclimatefix/graph_weather 1.0.146, models/graphcast/model.py and models/layers/): encoder and decoder
 * run one interaction block over grid and mesh nodes together, the processor runs over H3 cells. ReLU; residuals are added in place.
 */
import type { Model, Recipe } from '../../config/types.js';
import { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { axis, constant, int64Bytes } from '../../ir/shape.js';
import type { EdgeSet, ValueId } from '../../ir/types.js';
import { rolloutProgram } from '../layers/rollout.js';
import { type Context, once } from './context.js';
import { decoder } from './decoder.js';
import { encoder } from './encoder.js';
import { declareNetworks, numEdgeFeatures } from './networks.js';
import { processor } from './processor.js';

const edgeSets = ['grid2mesh', 'mesh', 'mesh2grid'] as const;

export function graphWeatherProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  const networks = declareNetworks(builder, model);
  builder.rowShapes.countTogether(edgeSets.map(once));
  const edges = (set: EdgeSet) => {
    builder.resident(`${set} edge index`, [constant(2), axis(`${set}Edges`)], int64Bytes);
    return builder.input(`${set}EdgeFeatures`, builder.rows(once(set), 'one', numEdgeFeatures));
  };
  const features = { grid2mesh: edges('grid2mesh'), mesh: edges('mesh'), mesh2grid: edges('mesh2grid') };
  const gridNodes = builder.input('gridNodeZeros', [axis('gridNodes'), axis('hiddenDim')]);
  const fine = segmentation.processorBlocksPerSegment === 2 && model.layers > 1;
  const context: Context = { builder, networks, features, gridNodes, segmentation, fine };
  return rolloutProgram(builder, recipe, segmentation, (input, rolloutStep, times) =>
    modelFrame(context, input, rolloutStep, times),
  );
}

function modelFrame(context: Context, input: ValueId, rolloutStep: number, times: number): ValueId {
  const { builder, segmentation } = context;
  const role = { kind: 'model', rolloutStep } as const;
  const spec = { name: 'model', role, times, recomputed: segmentation.model || segmentation.rollout } as const;
  const [prediction] = builder.call(spec, { input }, (frame) => {
    const [nodes, index, edges] = encoder(context, input);
    frame.set('latent', nodes!);
    frame.set('index', index!);
    frame.set('edges', edges!);
    const processed = frame.set('processed', processor(context, { nodes: nodes!, edges: edges! }, index!));
    return [frame.set('output', decoder(context, processed, input))];
  });
  return prediction!;
}
