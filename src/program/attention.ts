/**
 * The graph transformer layer of anemoi-models: every receiver attends to its incoming edges (Shi et al. 2021, arXiv 2009.03509), with a
 * LayerNorm before the attention and before the MLP, and residuals around both. Edges have no state: each layer projects their features.
 * Frames follow anemoi-models 0.19.0 (layers/block.py, layers/conv.py) and torch_geometric 2.8.1 (MessagePassing, utils/_softmax.py).
 */
import type { Model } from '../config/types.js';
import type { ProgramBuilder } from './builder.js';
import type { Frame } from './frame.js';
import { callMlp, type LinearParameters, linearParameters, type MlpParameters, mlpParameters } from './mlp.js';
import { type Axis, axis } from './shape.js';
import type { Endpoints, Module, ValueId } from './types.js';

/** One graph as the layer reads it. */
export interface LayerGraph {
  readonly senders: Endpoints;
  readonly receivers: Endpoints;
  readonly receiverRows: string;
  /** Row pointers and sort orders of a fused kernel, made anew in every layer; absent: attention in small operations. */
  readonly sortedIndices?: () => readonly ValueId[];
  /** anemoi's processor projects its rows in chunks (one, in training) and joins them: a slice and a copy more. */
  readonly joinsChunks?: boolean;
}

export interface NormParameters {
  readonly scale: ValueId;
  readonly offset: ValueId;
}

export interface TransformerParameters {
  readonly key: LinearParameters;
  readonly query: LinearParameters;
  readonly value: LinearParameters;
  readonly self: LinearParameters;
  readonly edge: LinearParameters;
  readonly projection: LinearParameters;
  readonly attentionNorm: NormParameters;
  /** Mappers have one of their own for the senders. */
  readonly senderNorm?: NormParameters;
  readonly mlpNorm: NormParameters;
  readonly mlp: MlpParameters;
}

const H = axis('hiddenDim');

export interface TransformerSpec {
  readonly network: string;
  readonly module: Module;
  readonly edgeFeatures: Axis;
  readonly hiddenLayers: number;
  readonly senderNorm: boolean;
}

/** In the order in which the block's constructor makes them. */
export function transformerParameters(builder: ProgramBuilder, spec: TransformerSpec): TransformerParameters {
  const { network, module, edgeFeatures, hiddenLayers } = spec;
  const linear = (name: string, input = H) => linearParameters(builder, { network, module, name, input, output: H });
  const norm = (name: string): NormParameters => ({
    scale: builder.parameter(network, module, `${name}.scale`, [H]),
    offset: builder.parameter(network, module, `${name}.offset`, [H]),
  });
  const projections = {
    key: linear('key'),
    query: linear('query'),
    value: linear('value'),
    self: linear('self'),
    edge: linear('edge', edgeFeatures),
    projection: linear('projection'),
  };
  const attentionNorm = norm('attentionNorm');
  const mlpNorm = norm('mlpNorm');
  const mlp = mlpParameters(builder, {
    network,
    module,
    input: H,
    output: H,
    hidden: axis('mlpHiddenDim'),
    hiddenLayers,
    layerNorm: false,
  });
  return { ...projections, attentionNorm, mlpNorm, mlp, ...(spec.senderNorm && { senderNorm: norm('senderNorm') }) };
}

const project = (builder: ProgramBuilder, input: ValueId, { weight, bias }: LinearParameters, name: string) =>
  builder.linear(input, weight, bias, name);

export type AttentionModel = Pick<Model, 'hiddenDim' | 'heads'>;

/** Softmax over each receiver's incoming edges, per head: `[edges, heads]`. The shift keeps an empty sum away from zero. */
function softmax(builder: ProgramBuilder, scores: ValueId, { receivers, receiverRows }: LayerGraph): ValueId {
  const [weights] = builder.call({ name: 'softmax' }, { scores }, (frame) => {
    const largest = frame.set('largest', builder.segmentMax(scores, receivers, receiverRows, 'largest score'));
    const atEdges = builder.gather(largest, receivers, 'gather largest score');
    const shifted = frame.set('out', builder.binary('subtract', scores, atEdges, 'shift scores'));
    const out = frame.set(
      'out',
      builder.emit(builder.values[scores]!.shape, 'exp', { kind: 'exp', input: shifted }, [shifted]),
    );
    const sum = builder.segmentSum(out, receivers, receiverRows, 'sum exp');
    frame.set('sum', builder.withScalar('shift', sum, 1e-16, 'sum exp, not zero'));
    frame.set('sum', builder.gather(frame.locals.get('sum')!, receivers, 'gather sum'));
    return [builder.binary('divide', out, frame.locals.get('sum')!, 'attention weights')];
  });
  return weights!;
}

interface Projected {
  readonly query: ValueId;
  readonly key: ValueId;
  readonly value: ValueId;
  readonly edges: ValueId;
}

/** Query, key and value at the edges → messages `[edges, hiddenDim]`. */
function message(builder: ProgramBuilder, atEdges: Projected, graph: LayerGraph, model: AttentionModel): ValueId {
  const edgeRows = builder.values[atEdges.edges]!.shape[0]!.symbol;
  const [result] = builder.call({ name: 'message' }, { ...atEdges }, (frame) => {
    const key = frame.set('key', builder.add(atEdges.key, atEdges.edges, 'key and edge'));
    const product = builder.binary('multiply', atEdges.query, key, 'query times key');
    const perHead = builder.emit(builder.rows(edgeRows, 'heads'), 'sum per head', { kind: 'headSum', input: product }, [
      product,
    ]);
    const scale = Math.sqrt(model.heads / model.hiddenDim);
    const scores = frame.set('weights', builder.withScalar('scale', perHead, scale, 'scores'));
    const weights = frame.set('weights', softmax(builder, scores, graph));
    const value = builder.add(atEdges.value, atEdges.edges, 'value and edge');
    const shape = builder.values[value]!.shape;
    return [builder.emit(shape, 'weighted values', { kind: 'headScale', input: value, weights }, [value, weights])];
  });
  return result!;
}

/** `[receivers, hiddenDim]` */
function propagate(builder: ProgramBuilder, projected: Projected, graph: LayerGraph, model: AttentionModel): ValueId {
  const { senders, receivers, receiverRows } = graph;
  const [result] = builder.call({ name: 'attention' }, { ...projected }, (frame) => {
    const atEdges = frame.setFields({
      queryAtEdges: builder.gather(projected.query, receivers, 'gather query'),
      keyAtEdges: builder.gather(projected.key, senders, 'gather key'),
      valueAtEdges: builder.gather(projected.value, senders, 'gather value'),
    });
    const { queryAtEdges: query, keyAtEdges: key, valueAtEdges: value } = atEdges;
    const { edges } = projected;
    const messages = frame.set('out', message(builder, { query, key, value, edges }, graph, model));
    return [frame.set('out', builder.segmentSum(messages, receivers, receiverRows, 'sum incoming edges'))];
  });
  return result!;
}

function fusedAttention(
  builder: ProgramBuilder,
  { query, key, value, edges }: Projected,
  indices: readonly ValueId[],
  { heads }: AttentionModel,
): ValueId {
  const operation = { kind: 'graphAttention', query, key, value, edgeTerm: edges, heads, indices } as const;
  const inputs = [query, key, value, edges, ...indices];
  return builder.emit(builder.values[query]!.shape, 'attention', operation, inputs);
}

interface LayerState {
  /** Normalized; the same value in a processor. */
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edgeFeatures: ValueId;
}

/** The four projections, which live as long as the frame. */
function projectAll(
  builder: ProgramBuilder,
  frame: Frame,
  parameters: TransformerParameters,
  { senders, receivers, edgeFeatures }: LayerState,
): Projected {
  return {
    query: frame.set('query', project(builder, receivers, parameters.query, 'query')),
    key: frame.set('key', project(builder, senders, parameters.key, 'key')),
    value: frame.set('value', project(builder, senders, parameters.value, 'value')),
    edges: frame.set('edges', project(builder, edgeFeatures, parameters.edge, 'edge term')),
  };
}

function attend(builder: ProgramBuilder, projected: Projected, graph: LayerGraph, model: AttentionModel): ValueId {
  const { sortedIndices } = graph;
  if (sortedIndices === undefined) return propagate(builder, projected, graph, model);
  const [out] = builder.call({ name: 'fused attention' }, { ...projected }, (frame) => {
    const indices = sortedIndices();
    // Tuples let go of their last item first.
    for (const [i, index] of [...indices.entries()].reverse()) frame.set(`index ${i}`, index);
    return [fusedAttention(builder, projected, indices, model)];
  });
  return out!;
}

const norm = (builder: ProgramBuilder, input: ValueId, { scale, offset }: NormParameters, name: string) =>
  builder.layerNorm(input, scale, offset, name);

export interface LayerCall {
  readonly name: string;
  readonly layer: number;
  readonly module: Module;
}

/** `[nodes, hiddenDim] → [nodes, hiddenDim]`, senders and receivers being the same nodes. */
export function transformerLayer(
  builder: ProgramBuilder,
  parameters: TransformerParameters,
  nodes: ValueId,
  edgeFeatures: ValueId,
  graph: LayerGraph,
  model: AttentionModel,
  { name, module, layer }: LayerCall,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const [result] = builder.call({ name, role, module }, { skip: nodes, edgeFeatures }, (frame) => {
    const normed = frame.set('x', norm(builder, nodes, parameters.attentionNorm, 'layer norm before attention'));
    const self = frame.set('self', project(builder, normed, parameters.self, 'self'));
    const [attended] = builder.call({ name: 'attend' }, { normed, edgeFeatures }, (inner) => {
      const state = { senders: normed, receivers: normed, edgeFeatures };
      return [attend(builder, projectAll(builder, inner, parameters, state), graph, model)];
    });
    frame.set('out', attended!);
    const both = builder.add(attended!, self, 'attention and self');
    frame.set(
      'out',
      graph.joinsChunks
        ? projectChunk(builder, both, parameters)
        : project(builder, both, parameters.projection, 'projection'),
    );
    const out = frame.set('out', builder.add(frame.locals.get('out')!, nodes, 'attention residual'));
    return [feedForward(builder, parameters, out)];
  });
  return result!;
}

/** Between two node sets: → the receivers. The projections are locals of the block itself. */
export function transformerMapper(
  builder: ProgramBuilder,
  parameters: TransformerParameters,
  { senders, receivers, edgeFeatures }: LayerState,
  graph: LayerGraph,
  model: AttentionModel,
): ValueId {
  const [result] = builder.call({ name: 'mapper block' }, { senders, receivers, edgeFeatures }, (frame) => {
    const { senderNorm, attentionNorm } = parameters;
    const from = norm(builder, senders, senderNorm ?? attentionNorm, 'layer norm of senders');
    // One tuple holds both: its last item is let go first.
    const to = frame.set('normedReceivers', norm(builder, receivers, attentionNorm, 'layer norm of receivers'));
    frame.set('normedSenders', from);
    const self = frame.set('self', project(builder, to, parameters.self, 'self'));
    const projected = projectAll(builder, frame, parameters, { senders: from, receivers: to, edgeFeatures });
    const attended = frame.set('out', attend(builder, projected, graph, model));
    const both = builder.add(attended, self, 'attention and self');
    frame.set('out', project(builder, both, parameters.projection, 'projection'));
    const out = frame.set('out', builder.add(frame.locals.get('out')!, receivers, 'attention residual'));
    return [feedForward(builder, parameters, out)];
  });
  return result!;
}

function projectChunk(builder: ProgramBuilder, both: ValueId, parameters: TransformerParameters): ValueId {
  const [projected] = builder.call({ name: 'projection' }, { both }, (frame) => {
    const { shape } = builder.values[both]!;
    const chunk = frame.set('chunk', builder.emit(shape, 'chunk', { kind: 'slice', input: both }, [both]));
    return [project(builder, chunk, parameters.projection, 'projection')];
  });
  return builder.concat([projected!], 'join chunks');
}

/** `x + mlp(norm(x))` */
export function feedForward(builder: ProgramBuilder, parameters: TransformerParameters, input: ValueId): ValueId {
  const normed = norm(builder, input, parameters.mlpNorm, 'layer norm before MLP');
  const call = { of: 'nodes', activation: 'gelu', recomputeActivation: false } as const;
  return builder.add(callMlp(builder, parameters.mlp, normed, call), input, 'MLP residual');
}
