/** The mesh2grid layer and the head. PhysicsNeMo's decoder first runs the last processor layer. */

import type { Segmentation } from '../../ir/segmentation.js';
import type { ValueId } from '../../ir/types.js';
import { aggregateAndConcat, edgeUpdate, type LayerState } from '../layers/interaction.js';
import { callMlp } from '../layers/mlp.js';
import type { LayerNetworks } from '../layers/networks.js';
import { type Context, embed } from './context.js';
import { processorSegments } from './processor.js';

/** TensorFlow.js's last tape, which runs once, begins behind the decoder's blocks of edges. */
const runsEdgesTwice = ({ frames, edgeBlocks }: Segmentation) =>
  frames === 'networkWithMeshEdges' && edgeBlocks !== undefined;

/** → prediction `[gridNodes, outputChannels]` */
export function decoderFrame(
  context: Context,
  state: LayerState,
  grid: ValueId,
  layers: readonly LayerNetworks[],
  firstLayer: number,
): ValueId {
  const { builder, networks, recipe, segmentation, edgeFeatures } = context;
  const spec = {
    name: 'decoder',
    role: { kind: 'decoder' },
    module: 'mesh2grid',
    recomputed: segmentation.decoder,
  } as const;
  const { nodes, edges: meshEdgeState } = state;
  const args = { ...(meshEdgeState !== undefined && { edges: meshEdgeState }), nodes, grid };
  const [prediction] = builder.call(spec, args, (frame) => {
    const last = processorSegments(context, state, layers, firstLayer, undefined);
    if (last.edges !== undefined) frame.set('lastEdges', last.edges);
    const mesh = frame.set('nodes', last.nodes);
    const edges = frame.set(
      'mesh2gridEdges',
      embed(context, 'embedMesh2gridEdges', 'embedEdges', edgeFeatures.mesh2grid, runsEdgesTwice(segmentation)),
    );
    const decoded = frame.set('decoded', mesh2grid(context, edges, mesh, grid));
    return [callMlp(builder, networks.head, decoded, { of: 'head', recomputeActivation: recipe.recomputeActivation })];
  });
  return prediction!;
}

function mesh2grid(context: Context, edges: ValueId, mesh: ValueId, grid: ValueId): ValueId {
  const { builder, networks, recipe, segmentation } = context;
  const recomputed = runsEdgesTwice(segmentation);
  const [result] = builder.call({ name: 'mesh2grid' }, { edges, mesh, grid }, (frame) => {
    const update = { edgeSet: 'mesh2grid', edges, senders: mesh, receivers: grid, recomputed } as const;
    const messages = frame.set('messages', edgeUpdate(builder, networks.decoderEdges, update, recipe));
    const both = frame.set('both', aggregateAndConcat(builder, 'mesh2grid', messages, grid));
    const call = { of: 'nodes', recomputeActivation: recipe.recomputeActivation } as const;
    return [builder.add(callMlp(builder, networks.decoderGridNodes, both, call), grid, 'grid node residual')];
  });
  return result!;
}
