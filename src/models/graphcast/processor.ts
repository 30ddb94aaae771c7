/** The processor's layers on the mesh, in the segments that a checkpoint plan recomputes. */
import type { Frame } from '../../ir/frame.js';
import type { ValueId } from '../../ir/types.js';
import { type LayerState, meshEdgeBlock, meshNodeBlock } from '../layers/interaction.js';
import type { LayerNetworks } from '../layers/networks.js';
import { statelessLayer } from '../layers/stateless-layers.js';
import { type Context, embedMeshEdges } from './context.js';

export function processorFrame(
  context: Context,
  meshNodes: ValueId,
  embeddedBefore: ValueId | undefined,
  layers: readonly LayerNetworks[],
  firstLayer: number,
): LayerState {
  const args = { ...(embeddedBefore !== undefined && { edges: embeddedBefore }), nodes: meshNodes };
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh' } as const;
  const [nodes, edges] = context.builder.call(spec, args, (frame) => {
    const embedded = embeddedBefore ?? embedMeshEdges(context);
    if (embeddedBefore === undefined && embedded !== undefined) frame.set('edges', embedded);
    const state = { ...(embedded !== undefined && { edges: embedded }), nodes: meshNodes };
    const result = processorSegments(
      context,
      state,
      layers,
      firstLayer,
      context.segmentation.processorBlocksPerSegment,
      (now) => {
        if (now.edges !== undefined) frame.set('edges', now.edges);
        frame.set('nodes', now.nodes);
      },
    );
    return result.edges === undefined ? [result.nodes] : [result.nodes, result.edges];
  });
  return { ...(edges !== undefined && { edges }), nodes: nodes! };
}

/** Runs of `blocksPerSegment` edge and node blocks (a layer without edge state counts as both), each a call of its own. */
export function processorSegments(
  context: Context,
  initial: LayerState,
  layers: readonly LayerNetworks[],
  firstLayer: number,
  blocksPerSegment: number | undefined,
  onSegment: (state: LayerState) => void = () => {},
): LayerState {
  const { builder } = context;
  const numBlocks = 2 * layers.length;
  const asked = Math.max(1, blocksPerSegment ?? numBlocks);
  const size = layers[0]?.kind === 'interaction' ? asked : 2 * Math.ceil(asked / 2);
  let state = initial;
  for (let first = 0; first < numBlocks; first += size) {
    const role = { kind: 'processorSegment', index: first / size } as const;
    const spec = {
      name: `processor segment ${role.index}`,
      role,
      module: 'mesh',
      recomputed: blocksPerSegment !== undefined,
    } as const;
    let now = state;
    builder.call(spec, { ...state }, (frame) => {
      for (let block = first; block < Math.min(first + size, numBlocks); block++) {
        const layer = Math.floor(block / 2);
        now = runBlock(context, frame, now, layers[layer]!, firstLayer + layer, block % 2 === 0 ? 'edges' : 'nodes');
      }
      return Object.values(now);
    });
    state = now;
    onSegment(state);
  }
  return state;
}

function runBlock(
  { builder, recipe, model, edgeFeatures, edgeResidualLast }: Context,
  frame: Frame,
  now: LayerState,
  networks: LayerNetworks,
  layer: number,
  half: 'edges' | 'nodes',
): LayerState {
  if (networks.kind !== 'interaction') {
    if (half === 'edges') return now;
    return {
      ...now,
      nodes: frame.set('nodes', statelessLayer(builder, networks, now, edgeFeatures.mesh, layer, model)),
    };
  }
  const { edges, messages } = now;
  if (edges === undefined) throw new Error('an interaction layer without edges');
  const state = { ...now, edges };
  if (half === 'edges') {
    const args = [builder, networks.edges, layer, state, recipe] as const;
    return edgeResidualLast
      ? { ...now, messages: frame.set('messages', meshEdgeBlock(...args, false)) }
      : { ...now, edges: frame.set('edges', meshEdgeBlock(...args, true)) };
  }
  const nodes = frame.set('nodes', meshNodeBlock(builder, networks.nodes, layer, state, recipe));
  if (messages === undefined) return { ...now, nodes };
  return { edges: frame.set('edges', builder.add(messages, edges, 'edge residual')), nodes };
}
