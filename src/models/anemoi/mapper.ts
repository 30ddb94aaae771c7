/**
 * anemoi's graph transformer mappers between grid and mesh (anemoi-models 0.19.0, layers/mapper.py, distributed/khop_edges.py): receivers
 * in chunks, each with its edges and the senders that they touch; every chunk embeds its own rows, and its result is written into an
 * array that was there before. With checkpointing each chunk is recomputed by itself.
 */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { Frame } from '../../ir/frame.js';
import { type Axis, axis, constant } from '../../ir/shape.js';
import type { LinearParameters, Module, NormParameters, ValueId } from '../../ir/types.js';
import { linearParameters } from '../layers/mlp.js';
import { transformerMapper } from '../layers/transformer.js';
import { type TransformerParameters, transformerParameters } from '../layers/transformer-parameters.js';
import { countDegrees, integers, transient } from './degrees.js';
import { edgeFeatureWidth, type ProvidedEdges } from './edges.js';
import { layerGraph } from './graph.js';
import { connectedSenders, gatherRows } from './sharding.js';

export type MapperEdges = 'grid2mesh' | 'mesh2grid';

/** Row symbols of one chunk of a mapper. */
export interface ChunkRows {
  readonly edges: string;
  readonly senders: string;
  readonly receivers: string;
}

const wholeRows: Readonly<Record<MapperEdges, ChunkRows>> = {
  grid2mesh: { edges: 'grid2meshEdges', senders: 'gridNodes', receivers: 'meshNodes' },
  mesh2grid: { edges: 'mesh2gridEdges', senders: 'meshNodes', receivers: 'gridNodes' },
};

export const chunkRows = (edges: MapperEdges, chunk: number): ChunkRows => ({
  edges: `${edges}Chunk${chunk}Edges`,
  senders: `${edges}Chunk${chunk}Senders`,
  receivers: `${edges}Chunk${chunk}Receivers`,
});

export interface MapperParameters {
  readonly block: TransformerParameters;
  readonly embedReceivers: LinearParameters;
  /** The encoder's; the decoder's senders are latent rows already. */
  readonly embedSenders?: LinearParameters;
  /** The decoder's LayerNorm and Linear to the output channels. */
  readonly extract?: { readonly norm: NormParameters; readonly linear: LinearParameters };
}

const H = axis('hiddenDim');

export interface MapperSpec {
  readonly module: Module;
  readonly hiddenLayers: number;
  readonly receivers: Axis;
  readonly senders?: Axis;
  readonly output?: Axis;
}

export function declareMapper(builder: ProgramBuilder, spec: MapperSpec): MapperParameters {
  const { module, hiddenLayers } = spec;
  const network = `${module}.block`;
  const base = { network, module, hiddenLayers, edgeFeatures: edgeFeatureWidth, senderNorm: true, qkNorm: false };
  const block = transformerParameters(builder, base);
  const linear = (name: string, input: Axis) =>
    linearParameters(builder, { network: `${module}.${name}`, module, name, input, output: H });
  const embedReceivers = linear('embedReceivers', spec.receivers);
  const embedSenders = spec.senders && linear('embedSenders', spec.senders);
  const extract = spec.output && declareExtractor(builder, module, spec.output);
  return { block, embedReceivers, ...(embedSenders && { embedSenders }), ...(extract && { extract }) };
}

/** LayerNorm and Linear to the output channels. */
export function declareExtractor(
  builder: ProgramBuilder,
  module: Module,
  output: Axis,
): NonNullable<MapperParameters['extract']> {
  const base = { network: `${module}.extract`, module } as const;
  const norm = (name: string) => builder.parameter(base.network, module, `norm.${name}`, [H]);
  return {
    norm: { scale: norm('scale'), offset: norm('offset') },
    linear: linearParameters(builder, { ...base, name: 'extract', input: H, output }),
  };
}

export interface MapperState {
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edges: ProvidedEdges;
}

export interface MapperCall {
  readonly edges: MapperEdges;
  readonly numChunks: number;
  readonly recomputed: boolean;
  readonly model: Model;
  /** Over which the model is cut. */
  readonly cards: number;
}

/** → `[receivers, hiddenDim]`, or the output channels where the mapper extracts them */
export function runMapper(
  builder: ProgramBuilder,
  parameters: MapperParameters,
  given: MapperState,
  call: MapperCall,
): ValueId {
  const { numChunks, cards } = call;
  const { receivers } = given;
  const args = { senders: given.senders, receivers, features: given.edges.features, index: given.edges.index };
  const whole = cards === 1 ? wholeRows[call.edges] : ownRows(call.edges);
  const [result] = builder.call({ name: `${call.edges} mapper` }, args, (frame) => {
    if (cards === 1) for (const parts of [1, numChunks]) countDegrees(builder, whole, parts);
    const { senders, edges } = cards === 1 ? given : ownGraph(builder, frame, given, call);
    const width = parameters.extract ? axis('outputChannels') : H;
    const shape = builder.rows(whole.receivers, width.symbol, width.factor);
    frame.set('out', builder.emit(shape, 'result', { kind: 'empty', like: receivers }));
    for (let chunk = 0; chunk < numChunks; chunk++) {
      const rows = numChunks === 1 ? whole : chunkRows(call.edges, chunk);
      if (numChunks > 1) builder.rowShapes.countTogether(Object.values(rows));
      const made = runChunk(builder, parameters, { senders, receivers, edges }, { ...call, chunk, rows });
      const into = frame.locals.get('out')!;
      frame.set('out', builder.emit(shape, `write chunk ${chunk}`, { kind: 'write', into, rows: made }));
    }
    return [frame.locals.get('out')!];
  });
  return result!;
}

/** A card's receivers, their edges, and of the senders of all cards those that its edges read. */
const ownRows = (edges: MapperEdges): ChunkRows => ({ ...wholeRows[edges], senders: connectedSenders(edges) });

/** The senders of all cards come together, and what this card's edges read of them is copied out. One checkpoint. */
function ownGraph(
  builder: ProgramBuilder,
  frame: Frame,
  { senders, receivers, edges: { features, index } }: MapperState,
  { edges: edgeSet, recomputed, numChunks, cards }: MapperCall,
): MapperState {
  const rows = ownRows(edgeSet);
  const spec = { name: `${edgeSet} graph of this card`, recomputed, holdsArguments: true };
  const [own, relabelled] = builder.call(spec, { senders, receivers, features, index }, (outer) => {
    const [copied, subset] = builder.call({ name: 'shard graph' }, { senders, index }, (inner) => {
      const shape = builder.values[index]!.shape;
      const copy = inner.set('index', integers(builder, shape, 'edge index with own receivers', [index]));
      const all = inner.set('all', gatherRows(builder, senders, wholeRows[edgeSet].senders, cards));
      return [copy, connected(builder, all, rows, edgeSet)];
    });
    outer.set('index', copied!);
    outer.set('senders', subset!);
    countDegrees(builder, rows, numChunks);
    return [subset!, copied!];
  });
  frame.set('senders', own!);
  frame.set('index', relabelled!);
  return { senders: own!, receivers, edges: { features, index: relabelled! } };
}

interface ChunkCall extends MapperCall {
  readonly chunk: number;
  readonly rows: ChunkRows;
}

function runChunk(
  builder: ProgramBuilder,
  parameters: MapperParameters,
  { senders, receivers, edges }: MapperState,
  { rows, chunk, recomputed, model, edges: edgeSet }: ChunkCall,
): ValueId {
  const args = { senders, receivers, features: edges.features, index: edges.index };
  const [result] = builder.call({ name: `${edgeSet} chunk ${chunk}`, recomputed }, args, (frame) => {
    const part = materialise(builder, { senders, receivers, edges }, rows, edgeSet);
    for (const [name, value] of Object.entries(part)) frame.set(name, value);
    const from =
      parameters.embedSenders === undefined
        ? part.senders
        : builder.linear(part.senders, parameters.embedSenders, 'embed senders');
    const to = builder.linear(part.receivers, parameters.embedReceivers, 'embed receivers');
    frame.set('senders', from);
    frame.set('receivers', to);
    const graph = layerGraph(
      builder,
      { edges: edgeSet, index: part.index, senderRows: rows.senders, receiverRows: rows.receivers },
      model.attentionBackend,
    );
    const state = { senders: from, receivers: to, edgeFeatures: part.features };
    const mapped = frame.set('mapped', transformerMapper(builder, parameters.block, state, graph, model));
    return [parameters.extract === undefined ? mapped : extractChannels(builder, mapped, parameters.extract)];
  });
  return result!;
}

export function extractChannels(
  builder: ProgramBuilder,
  input: ValueId,
  { norm, linear }: NonNullable<MapperParameters['extract']>,
): ValueId {
  const [result] = builder.call({ name: 'extract' }, { rows: input }, (frame) => {
    const normed = builder.layerNorm(input, norm, 'layer norm');
    frame.set('rows', normed);
    return [builder.linear(normed, linear, 'output channels')];
  });
  return result!;
}

interface Part {
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly features: ValueId;
  readonly index: ValueId;
}

/** The chunk's rows: receivers and edge features as slices, a copy of its edge index, a gathered copy of its senders. */
function materialise(
  builder: ProgramBuilder,
  { senders, receivers, edges }: MapperState,
  rows: ChunkRows,
  edgeSet: MapperEdges,
): Part {
  const slice = (input: ValueId, symbol: string, name: string) => {
    const columns = builder.values[input]!.shape[2]!;
    return builder.emit(builder.rows(symbol, columns.symbol, columns.factor), name, { kind: 'slice', input });
  };
  const args = { senders, receivers, features: edges.features, index: edges.index };
  const [from, to, features, index] = builder.call({ name: 'materialise' }, args, (frame) => {
    const sliced = frame.set('slicedFeatures', slice(edges.features, rows.edges, 'edge features of the chunk'));
    const indexShape = [constant(2), axis(rows.edges), builder.rowShapes.samplesOf(rows.edges)];
    const copied = frame.set('chunkIndex', integers(builder, indexShape, 'edge index of the chunk', [edges.index]));
    const ownReceivers = frame.set('ownReceivers', slice(receivers, rows.receivers, 'receivers of the chunk'));
    return [connected(builder, senders, rows, edgeSet), ownReceivers, sliced, copied];
  });
  return { senders: from!, receivers: to!, features: features!, index: index! };
}

/** A copy of the senders that edges of these rows name. */
function connected(builder: ProgramBuilder, senders: ValueId, rows: ChunkRows, edgeSet: MapperEdges): ValueId {
  const [subset] = builder.call({ name: 'drop unconnected senders' }, { senders }, (frame) => {
    const idShape = [constant(1), axis(rows.senders), builder.rowShapes.samplesOf(rows.senders)];
    const ids = frame.set('connected', integers(builder, idShape, 'connected senders'));
    const endpoints = { edges: edgeSet, end: 'senders', index: ids } as const;
    const kept = frame.set('subset', builder.gather(senders, endpoints, 'senders of the chunk'));
    const allRows = builder.values[senders]!.shape[0]!;
    frame.set('renumbering', integers(builder, [allRows, axis('batch')], 'renumbering'));
    transient(builder, idShape, 'new numbers');
    transient(builder, [axis(rows.edges), builder.rowShapes.samplesOf(rows.edges)], 'renumbered senders');
    return [kept];
  });
  return subset!;
}
