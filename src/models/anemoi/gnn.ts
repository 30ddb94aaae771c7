/**
 * anemoi's interaction layer: edge MLP over `[receiver, sender, edge]` with a residual, sum over incoming edges, node MLP over
 * `[node, aggregate]` with a residual (anemoi-models 0.19.0, layers/conv.py GraphConv, layers/block.py GraphConvProcessorBlock).
 * The first layer embeds the edge features. LayerNorms keep their input's type in mixed precision.
 */

import type { ProgramBuilder } from '../../ir/builder.js';
import { axis } from '../../ir/shape.js';
import type { Module, ValueId } from '../../ir/types.js';
import type { LayerGraph } from '../layers/attention.js';
import { callMlp, type MlpCall, type MlpParameters, mlpDeclarer } from '../layers/mlp.js';
import type { LayerCall } from '../layers/transformer.js';
import { edgeFeatureWidth } from './edges.js';
import { gatherRows, keepOwnRows } from './sharding.js';

export interface GraphConvParameters {
  readonly embedEdges?: MlpParameters;
  readonly nodes: MlpParameters;
  readonly edges: MlpParameters;
}

export interface GraphConvSpec {
  readonly network: string;
  readonly module: Module;
  readonly hiddenLayers: number;
  readonly embedsEdges: boolean;
}

export function graphConvParameters(builder: ProgramBuilder, spec: GraphConvSpec): GraphConvParameters {
  const { network, module, hiddenLayers } = spec;
  const H = axis('hiddenDim');
  const wide = { hidden: axis('mlpHiddenDim') };
  const mlp = mlpDeclarer(builder, hiddenLayers);
  const embedEdges = spec.embedsEdges ? mlp(`${network}.embedEdges`, module, edgeFeatureWidth, H, wide) : undefined;
  const nodes = mlp(`${network}.nodes`, module, axis('hiddenDim', 2), H, wide);
  const edges = mlp(`${network}.edges`, module, axis('hiddenDim', 3));
  return { nodes, edges, ...(embedEdges && { embedEdges }) };
}

export const gnnMlp = (of: MlpCall['of']): MlpCall => ({
  of,
  activation: 'gelu',
  recomputeActivation: false,
  normKeepsType: true,
});

interface State {
  readonly nodes: ValueId;
  readonly edges: ValueId;
}

interface Bipartite {
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edges: ValueId;
}

/** → aggregate `[receivers, hiddenDim]` and the new edges */
export function graphConv(
  builder: ProgramBuilder,
  parameters: MlpParameters,
  state: Bipartite,
  { senders, receivers, receiverRows }: LayerGraph,
): readonly [ValueId, ValueId] {
  const [aggregate, edges] = builder.call({ name: 'message passing' }, { ...state }, (frame) => {
    const { atReceiver, atSender } = frame.setFields({
      atReceiver: builder.gather(state.receivers, receivers, 'gather receivers'),
      atSender: builder.gather(state.senders, senders, 'gather senders'),
    });
    const both = builder.concat([atReceiver, atSender, state.edges], 'concat receiver, sender, edge');
    const update = callMlp(builder, parameters, both, gnnMlp('edges'));
    const newEdges = frame.set('out', builder.add(update, state.edges, 'edge residual'));
    return [builder.segmentSum(newEdges, receivers, receiverRows, 'sum incoming edges'), newEdges];
  });
  return [aggregate!, edges!];
}

export function graphConvLayer(
  builder: ProgramBuilder,
  parameters: GraphConvParameters,
  { nodes, edges }: State,
  graph: LayerGraph,
  { name, layer, module }: LayerCall,
  cards = 1,
): State {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const [newNodes, newEdges] = builder.call({ name, role, module }, { nodes, edges }, (frame) => {
    const { embedEdges } = parameters;
    const embedded =
      embedEdges === undefined ? edges : frame.set('edges', callMlp(builder, embedEdges, edges, gnnMlp('embedEdges')));
    const ends = cards === 1 ? nodes : frame.set('all', gatherRows(builder, nodes, 'meshNodes', cards));
    const state = { senders: ends, receivers: ends, edges: embedded };
    const [sum, updated] = graphConv(builder, parameters.edges, state, graph);
    frame.set('out', sum);
    frame.set('newEdges', updated);
    const aggregate = cards === 1 ? sum : frame.set('out', keepOwnRows(builder, sum, 'meshNodes'));
    const both = builder.concat([nodes, aggregate], 'concat node, aggregate');
    return [builder.add(callMlp(builder, parameters.nodes, both, gnnMlp('nodes')), nodes, 'node residual'), updated];
  });
  return { nodes: newNodes!, edges: newEdges! };
}
