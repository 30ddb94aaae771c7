/**
 * anemoi's GNN mappers (anemoi-models 0.19.0, layers/mapper.py, layers/block.py GraphConvMapperBlock): edge embedder, node embedders
 * (the encoder's), one interaction layer, and in the encoder the senders' own update by the same node MLP, over the row twice.
 */

import type { ProgramBuilder } from '../../ir/builder.js';
import type { Frame } from '../../ir/frame.js';
import { type Axis, axis, constant, type Shape } from '../../ir/shape.js';
import type { Module, ValueId } from '../../ir/types.js';
import type { LayerGraph } from '../layers/attention.js';
import { callMlp, type MlpParameters, mlpDeclarer } from '../layers/mlp.js';
import { edgeFeatureWidth } from './edges.js';
import { type GraphConvParameters, gnnMlp, graphConv, graphConvParameters } from './gnn.js';
import { layerGraph } from './graph.js';
import type { MapperCall, MapperEdges, MapperState } from './mapper.js';
import { gatherRows, keepOwnRows, rowsOfAll } from './sharding.js';

export interface GnnMapperParameters {
  readonly embedEdges: MlpParameters;
  readonly layer: GraphConvParameters;
  readonly embedSenders?: MlpParameters;
  readonly embedReceivers?: MlpParameters;
  readonly extract?: MlpParameters;
}

export interface GnnMapperSpec {
  readonly module: Module;
  readonly hiddenLayers: number;
  /** The encoder's inputs. */
  readonly embeds?: { readonly senders: Axis; readonly receivers: Axis };
  readonly output?: Axis;
}

export function declareGnnMapper(builder: ProgramBuilder, spec: GnnMapperSpec): GnnMapperParameters {
  const { module, hiddenLayers, embeds } = spec;
  const declare = mlpDeclarer(builder, hiddenLayers);
  const mlp = (name: string, input: Axis, output = axis('hiddenDim'), layerNorm = true) =>
    declare(`${module}.${name}`, module, input, output, { hidden: axis('mlpHiddenDim'), layerNorm });
  const embedEdges = mlp('embedEdges', edgeFeatureWidth);
  const layer = graphConvParameters(builder, { network: `${module}.layer`, module, hiddenLayers, embedsEdges: false });
  return {
    embedEdges,
    layer,
    ...(embeds && {
      embedSenders: mlp('embedSenders', embeds.senders),
      embedReceivers: mlp('embedReceivers', embeds.receivers),
    }),
    ...(spec.output && { extract: mlp('extract', axis('hiddenDim'), spec.output, false) }),
  };
}

/** → senders, receivers (or output channels) */
export function runGnnMapper(
  builder: ProgramBuilder,
  parameters: GnnMapperParameters,
  { senders, receivers, edges }: MapperState,
  { edges: edgeSet, recomputed, model, numChunks, cards }: MapperCall,
): readonly [from: ValueId, to: ValueId] {
  const args = { senders, receivers, edges: edges.features, index: edges.index };
  const rows = rowsOf[edgeSet];
  const receiverRows = rowsOfAll(rows.receivers, cards);
  const senderRows = rowsOfAll(rows.senders, cards);
  const graph = layerGraph(
    builder,
    { edges: edgeSet, index: edges.index, senderRows, receiverRows },
    model.attentionBackend,
  );
  const [from, to] = builder.call({ name: `${edgeSet} mapper`, recomputed }, args, (frame) => {
    const embedded = frame.set('edges', callMlp(builder, parameters.embedEdges, edges.features, gnnMlp('embedEdges')));
    const { embedSenders, embedReceivers, layer, extract } = parameters;
    if (embedSenders !== undefined)
      frame.set('senders', callMlp(builder, embedSenders, senders, gnnMlp('embedGridNodes')));
    if (embedReceivers !== undefined)
      frame.set('receivers', callMlp(builder, embedReceivers, receivers, gnnMlp('embedMeshNodes')));
    const state = { senders: frame.locals.get('senders')!, receivers: frame.locals.get('receivers')!, edges: embedded };
    const blockCall = { edges: edgeSet, numParts: numChunks, updatesSenders: extract === undefined, cards };
    const [newSenders, newReceivers, newEdges] = mapperBlock(builder, layer, state, graph, blockCall);
    frame.set('senders', newSenders!);
    frame.set('receivers', newReceivers!);
    frame.set('edges', newEdges!);
    if (extract !== undefined) frame.set('receivers', callMlp(builder, extract, newReceivers!, gnnMlp('head')));
    return [newSenders!, frame.locals.get('receivers')!];
  });
  return [from!, to!];
}

const rowsOf = {
  grid2mesh: { senders: 'gridNodes', receivers: 'meshNodes' },
  mesh2grid: { senders: 'meshNodes', receivers: 'gridNodes' },
} as const;

interface Rows {
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edges: ValueId;
}

function mapperBlock(
  builder: ProgramBuilder,
  { nodes, edges }: GraphConvParameters,
  state: Rows,
  graph: LayerGraph,
  call: BlockCall,
): readonly ValueId[] {
  const { senders, receivers } = state;
  const rows = rowsOf[call.edges];
  return builder.call({ name: 'mapper block' }, { ...state }, (frame) => {
    const ofAll = (end: 'senders' | 'receivers') =>
      call.cards === 1 ? state[end] : frame.set(`all ${end}`, gatherRows(builder, state[end], rows[end], call.cards));
    const ends = { senders: ofAll('senders'), receivers: ofAll('receivers'), edges: state.edges };
    const [sum, updated] =
      call.numParts === 1 ? graphConv(builder, edges, ends, graph) : partwise(builder, frame, edges, ends, graph, call);
    frame.set('out', sum);
    frame.set('newEdges', updated);
    const aggregate = call.cards === 1 ? sum : frame.set('out', keepOwnRows(builder, sum, rows.receivers));
    const update = (row: ValueId, other: ValueId, name: string) => {
      const both = builder.concat([row, other], `concat ${name}`);
      return builder.add(callMlp(builder, nodes, both, gnnMlp('nodes')), row, `${name} residual`);
    };
    const newReceivers = frame.set('newReceivers', update(receivers, aggregate, 'receivers'));
    const newSenders = call.updatesSenders ? frame.set('newSenders', update(senders, senders, 'senders')) : senders;
    return [newSenders, newReceivers, updated];
  });
}

interface BlockCall {
  readonly edges: MapperEdges;
  readonly numParts: number;
  readonly updatesSenders: boolean;
  readonly cards: number;
}

/** Rows of one of nearly equal parts of the edges. */
export const partRows = (edges: MapperEdges, part: number): string => `${edges}Part${part}Edges`;

/** The messages of one part of the edges after the other, summed into zeros; the new edges are joined. → aggregate, edges */
function partwise(
  builder: ProgramBuilder,
  frame: Frame,
  parameters: MlpParameters,
  state: Rows,
  graph: LayerGraph,
  { edges: edgeSet, numParts }: BlockCall,
): readonly [ValueId, ValueId] {
  const { shape } = builder.values[state.edges]!;
  const columns = shape[2]!;
  const index = graph.senders.index!;
  const newEdges: ValueId[] = [];
  for (let part = 0; part < numParts; part++) {
    const rows = partRows(edgeSet, part);
    builder.rowShapes.countTogether([rows]);
    const slice = (input: ValueId, to: Shape, name: string) =>
      frame.set(`${name} ${part}`, builder.emit(to, `${name} of the part`, { kind: 'slice', input }));
    const partIndex = slice(index, [constant(2), axis(rows), builder.rowShapes.samplesOf(rows)], 'edge index');
    const partEdges = slice(state.edges, builder.rows(rows, columns.symbol, columns.factor), 'edges');
    const partGraph = {
      ...graph,
      senders: { ...graph.senders, index: partIndex },
      receivers: { ...graph.receivers, index: partIndex },
    };
    const [sum, updated] = graphConv(builder, parameters, { ...state, edges: partEdges }, partGraph);
    frame.set('partSum', sum);
    newEdges.push(frame.set(`newEdges ${part}`, updated));
    if (part === 0) {
      const zeros = builder.emit(builder.values[sum]!.shape, 'zeros', { kind: 'empty', like: sum });
      frame.set('out', zeros);
    }
    frame.set('out', builder.add(frame.locals.get('out')!, sum, 'add part'));
  }
  const joined = builder.join(newEdges, shape, 'join parts');
  return [frame.locals.get('out')!, joined];
}
