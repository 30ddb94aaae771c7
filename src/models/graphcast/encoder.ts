/** Embedders and the grid2mesh layer. PhysicsNeMo's encoder also runs the first processor layer. */

import type { ValueId } from '../../ir/types.js';
import { aggregateAndConcat, edgeUpdate } from '../layers/interaction.js';
import { callMlp } from '../layers/mlp.js';
import type { LayerNetworks } from '../layers/networks.js';
import { type Context, embed, embedMeshEdges } from './context.js';
import { processorSegments } from './processor.js';

/** → mesh nodes, grid nodes and, where this frame embeds them, mesh edges. */
export function encoderFrame(context: Context, input: ValueId, layers: readonly LayerNetworks[]): readonly ValueId[] {
  const { builder, edgeFeatures, meshNodeFeatures, segmentation } = context;
  const spec = {
    name: 'encoder',
    role: { kind: 'encoder' },
    module: 'grid2mesh',
    recomputed: segmentation.encoder,
  } as const;
  return builder.call(spec, { input }, (frame) => {
    const grid0 = frame.set('grid0', embed(context, 'embedGridNodes', 'embedGridNodes', input));
    const mesh0 = frame.set('mesh0', embed(context, 'embedMeshNodes', 'embedMeshNodes', meshNodeFeatures));
    const edges0 = frame.set('edges0', embed(context, 'embedGrid2meshEdges', 'embedEdges', edgeFeatures.grid2mesh));
    const setMeshEdges = () => {
      const embedded = embedMeshEdges(context);
      return embedded && frame.set('meshEdges0', embedded);
    };
    const early = segmentation.frames === 'layersInEncoderAndDecoder' ? setMeshEdges() : undefined;
    const [grid, mesh] = grid2mesh(context, edges0, grid0, mesh0);
    frame.set('grid', grid!);
    frame.set('mesh', mesh!);
    if (segmentation.frames === 'network') return [mesh!, grid!];
    const meshEdges0 = early ?? setMeshEdges();
    const initial = { ...(meshEdges0 && { edges: meshEdges0 }), nodes: mesh! };
    const state = processorSegments(context, initial, layers, 0, undefined);
    if (state.edges !== undefined) frame.set('meshEdges', state.edges);
    frame.set('mesh1', state.nodes);
    return [state.nodes, grid!, ...(state.edges === undefined ? [] : [state.edges])];
  });
}

/** → grid nodes, mesh nodes */
function grid2mesh(context: Context, edges: ValueId, grid: ValueId, mesh: ValueId): readonly ValueId[] {
  const { builder, networks, recipe } = context;
  const call = { of: 'nodes', recomputeActivation: recipe.recomputeActivation } as const;
  return builder.call({ name: 'grid2mesh' }, { edges, grid, mesh }, (frame) => {
    const update = { edgeSet: 'grid2mesh', edges, senders: grid, receivers: mesh } as const;
    const messages = frame.set('messages', edgeUpdate(builder, networks.encoderEdges, update, recipe));
    const both = frame.set('both', aggregateAndConcat(builder, 'grid2mesh', messages, mesh));
    const newMesh = frame.set(
      'mesh',
      builder.add(mesh, callMlp(builder, networks.encoderMeshNodes, both, call), 'mesh node residual'),
    );
    const newGrid = frame.set(
      'grid',
      builder.add(grid, callMlp(builder, networks.encoderGridNodes, grid, call), 'grid node residual'),
    );
    return [newGrid, newMesh];
  });
}
