/**
 * Attention over the edges of a graph: every receiver attends to its incoming edges (Shi et al. 2021, arXiv 2009.03509), in small
 * operations or in one kernel. Frames follow anemoi-models 0.19.0 (layers/conv.py) and torch_geometric 2.8.1 (MessagePassing,
 * utils/_softmax.py).
 */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { Frame } from '../../ir/frame.js';
import type { Endpoints, ValueId } from '../../ir/types.js';

/** One graph as the layer reads it. */
export interface LayerGraph {
  readonly senders: Endpoints;
  readonly receivers: Endpoints;
  readonly receiverRows: string;
  /** Row pointers and sort orders of a fused kernel, made anew in every layer; absent: attention in small operations. */
  readonly sortedIndices?: () => readonly ValueId[];
  /**
   * anemoi's processor projects its rows in chunks (one, in training) and joins them: a slice and a copy more. Several chunks attend one
   * after the other, each over its edges.
   */
  readonly chunks?: GraphChunks;
  /** Several cards: senders are this card's nodes and those of others that its edges read, and the graph is over these. */
  readonly halo?: (frame: Frame, nodes: ValueId) => { readonly nodes: ValueId; readonly graph: LayerGraph };
}

export interface GraphChunks {
  /** The row symbol of each chunk's receivers. */
  readonly receiverRows: readonly string[];
  /** The row symbol and the graph of that chunk's edges; absent where there is one chunk. */
  readonly graph?: (chunk: number) => { readonly edgeRows: string; readonly graph: LayerGraph };
  /** What counting the edges of each chunk allocates. */
  readonly count?: () => void;
}

export type AttentionModel = Pick<Model, 'hiddenDim' | 'heads'>;

/** Softmax over each receiver's incoming edges, per head: `[edges, heads]`. The shift keeps an empty sum away from zero. */
function softmax(builder: ProgramBuilder, scores: ValueId, { receivers, receiverRows }: LayerGraph): ValueId {
  const [weights] = builder.call({ name: 'softmax' }, { scores }, (frame) => {
    const largest = frame.set('largest', builder.segmentMax(scores, receivers, receiverRows, 'largest score'));
    const atEdges = builder.gather(largest, receivers, 'gather largest score');
    const shifted = frame.set('out', builder.binary('subtract', scores, atEdges, 'shift scores'));
    const out = frame.set('out', builder.emit(builder.values[scores]!.shape, 'exp', { kind: 'exp', input: shifted }));
    const sum = builder.segmentSum(out, receivers, receiverRows, 'sum exp');
    frame.set('sum', builder.withScalar('shift', sum, 1e-16, 'sum exp, not zero'));
    frame.set('sum', builder.gather(frame.locals.get('sum')!, receivers, 'gather sum'));
    return [builder.binary('divide', out, frame.locals.get('sum')!, 'attention weights')];
  });
  return weights!;
}

export interface Projected {
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
    const perHead = builder.emit(builder.rows(edgeRows, 'heads'), 'sum per head', { kind: 'headSum', input: product });
    const scale = Math.sqrt(model.heads / model.hiddenDim);
    const scores = frame.set('weights', builder.withScalar('scale', perHead, scale, 'scores'));
    const weights = frame.set('weights', softmax(builder, scores, graph));
    const value = builder.add(atEdges.value, atEdges.edges, 'value and edge');
    const shape = builder.values[value]!.shape;
    return [builder.emit(shape, 'weighted values', { kind: 'headScale', input: value, weights })];
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
  return builder.emit(builder.values[query]!.shape, 'attention', operation);
}

/** Projected rows → `[receivers, hiddenDim]`; several chunks are added up in fp32. */
export function attend(
  builder: ProgramBuilder,
  projected: Projected,
  graph: LayerGraph,
  model: AttentionModel,
): ValueId {
  const { receiverRows = [], graph: graphOf, count } = graph.chunks ?? {};
  if (graphOf === undefined) return attendAtOnce(builder, projected, graph, model);
  const [out] = builder.call({ name: 'attention in chunks' }, { ...projected }, (frame) => {
    const shape = builder.values[projected.query]!.shape;
    count?.();
    const chunks = receiverRows.map((_, chunk) => {
      const { edgeRows, graph: ofChunk } = graphOf(chunk);
      const columns = builder.values[projected.edges]!.shape[2]!;
      const rows = builder.rows(edgeRows, columns.symbol, columns.factor);
      const edges = builder.emit(rows, 'edge terms of the chunk', { kind: 'slice', input: projected.edges });
      return { edges: frame.set(`edges ${chunk}`, edges), ofChunk };
    });
    frame.set('out', builder.emit(shape, 'zeros', { kind: 'generate', what: 'zeros' }));
    for (const { edges, ofChunk } of chunks) {
      const added = attendAtOnce(builder, { ...projected, edges }, ofChunk, model);
      const operation = { kind: 'add', left: frame.locals.get('out')!, right: added, inPlace: true } as const;
      frame.set('out', builder.emit(shape, 'add chunk', operation));
    }
    return [frame.locals.get('out')!];
  });
  return out!;
}

function attendAtOnce(
  builder: ProgramBuilder,
  projected: Projected,
  graph: LayerGraph,
  model: AttentionModel,
): ValueId {
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
