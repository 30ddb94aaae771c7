/** Encoder: one block over grid and mesh nodes together, of which the mesh nodes go on. */

import type { ProgramBuilder } from '../../ir/builder.js';
import type { ValueId } from '../../ir/types.js';
import { callMlp } from '../layers/mlp.js';
import { runBlock } from './block.js';
import { type Context, edgeIndex, forEverySample, relu, split } from './context.js';

/** Samples one below the other: of several, rows that lie apart are copied together. */
const rowsOfAll = (builder: ProgramBuilder, rows: ValueId): ValueId =>
  builder.emit(builder.values[rows]!.shape, 'samples together', { kind: 'copy', input: rows, ofSeveralSamples: true });

/** → mesh nodes (a slice of all nodes), mesh edge index, embedded mesh edges */
export function encoder(context: Context, input: ValueId): readonly ValueId[] {
  const { builder, networks, features, fine, segmentation } = context;
  const spec = {
    name: 'encoder',
    role: { kind: 'encoder' },
    module: 'grid2mesh',
    recomputed: segmentation.encoder && !fine,
  } as const;
  return builder.call(spec, {}, (frame) => {
    const meshShape = builder.rows('meshNodes', 'inputChannels');
    const operation = { kind: 'expand', input: networks.meshInputs } as const;
    const meshInputs = builder.emit(meshShape, 'mesh inputs of every sample', operation);
    const all = builder.join([input, meshInputs], builder.rows('allNodes', 'inputChannels'), 'concat');
    frame.set('features', all);
    const nodes = frame.set('out', callMlp(builder, networks.embedNodes, all, relu('embedGridNodes', fine)));
    const edges = callMlp(builder, networks.embedEdges.grid2mesh, features.grid2mesh, relu('embedEdges', fine));
    frame.set('edges', edges);
    const ofAll = frame.set('edges', forEverySample(builder, edges, 'grid2mesh'));
    const index = frame.set('index', edgeIndex(builder, 'grid2mesh'));
    const call = { name: 'block', index, edgeSet: 'grid2mesh', rows: 'allNodes', layer: 0 } as const;
    const state = runBlock(context, networks.encoder, { nodes, edges: ofAll }, call);
    frame.set('out', state.nodes);
    frame.set('_', state.edges);
    const rows = split(builder, state.nodes, 'meshNodes', 'gridNodes');
    // The slice of the grid's rows takes the name that held the edges.
    frame.set('_', rows);
    frame.set('out', rows);
    const mesh = frame.set('out', rowsOfAll(builder, rows));
    const meshIndex = edgeIndex(builder, 'mesh');
    const meshFeatures = forEverySample(builder, features.mesh, 'mesh');
    const meshEdges = callMlp(builder, networks.embedEdges.mesh, meshFeatures, relu('embedEdges', fine));
    return [mesh, meshIndex, meshEdges];
  });
}
