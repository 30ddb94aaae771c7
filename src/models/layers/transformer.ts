/**
 * The graph transformer layer of anemoi-models 0.19.0 (layers/block.py): LayerNorm before the attention and before the MLP, residuals
 * around both. Edges have no state: each layer projects their features.
 */

import type { ProgramBuilder } from '../../ir/builder.js';
import type { Frame } from '../../ir/frame.js';
import type { Module, ValueId } from '../../ir/types.js';
import { type AttentionModel, attend, type GraphChunks, type LayerGraph, type Projected } from './attention.js';
import { normalizeHeads } from './head-norms.js';
import { callMlp } from './mlp.js';
import { normalized } from './norm.js';
import type { TransformerParameters } from './transformer-parameters.js';

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
    query: frame.set('query', builder.linear(receivers, parameters.query, 'query')),
    key: frame.set('key', builder.linear(senders, parameters.key, 'key')),
    value: frame.set('value', builder.linear(senders, parameters.value, 'value')),
    edges: frame.set('edges', builder.linear(edgeFeatures, parameters.edge, 'edge term')),
  };
}

export interface ProcessorRows {
  readonly nodes: ValueId;
  readonly edgeFeatures: ValueId;
  /** What conditional norms read. */
  readonly condition?: ValueId;
}

export interface LayerCall {
  readonly name: string;
  readonly layer: number;
  readonly module: Module;
}

/** `[nodes, hiddenDim] → [nodes, hiddenDim]`, senders and receivers being the same nodes. */
export function transformerLayer(
  builder: ProgramBuilder,
  parameters: TransformerParameters,
  { nodes, edgeFeatures, condition }: ProcessorRows,
  graph: LayerGraph,
  model: AttentionModel,
  { name, module, layer }: LayerCall,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const args = { skip: nodes, edgeFeatures, ...(condition !== undefined && { condition }) };
  const [result] = builder.call({ name, role, module }, args, (frame) => {
    const name = 'layer norm before attention';
    const normed = frame.set('x', normalized(builder, parameters.attentionNorm, nodes, name, condition));
    const self = frame.set('self', builder.linear(normed, parameters.self, 'self'));
    const [attended] = builder.call({ name: 'attend' }, { normed, edgeFeatures }, (inner) => {
      const around = graph.halo?.(inner, normed);
      const senders = around === undefined ? normed : inner.set('withHalo', around.nodes);
      const projected = projectAll(builder, inner, parameters, { senders, receivers: normed, edgeFeatures });
      const { headNorms } = parameters;
      const over = around?.graph ?? graph;
      if (headNorms === undefined) return [attend(builder, projected, over, model)];
      return builder.call({ name: 'attend over norms' }, { ...projected }, (normedFrame) => {
        normalizeHeads(builder, normedFrame, headNorms, false);
        const [query, key] = ['query', 'key'].map((each) => normedFrame.locals.get(each)!) as [ValueId, ValueId];
        return [attend(builder, { ...projected, query, key }, over, model)];
      });
    });
    frame.set('out', attended!);
    const both = builder.add(attended!, self, 'attention and self');
    frame.set(
      'out',
      graph.chunks
        ? projectChunks(builder, both, parameters, graph.chunks)
        : builder.linear(both, parameters.projection, 'projection'),
    );
    const out = frame.set('out', builder.add(frame.locals.get('out')!, nodes, 'attention residual'));
    return [feedForward(builder, parameters, out, condition)];
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
    const from = normalized(builder, senderNorm ?? attentionNorm, senders, 'layer norm of senders');
    // One tuple holds both: its last item is let go first.
    const to = frame.set('normedReceivers', normalized(builder, attentionNorm, receivers, 'layer norm of receivers'));
    frame.set('normedSenders', from);
    const self = frame.set('self', builder.linear(to, parameters.self, 'self'));
    const projected = projectAll(builder, frame, parameters, { senders: from, receivers: to, edgeFeatures });
    const attended = frame.set('out', attend(builder, projected, graph, model));
    const both = builder.add(attended, self, 'attention and self');
    frame.set('out', builder.linear(both, parameters.projection, 'projection'));
    const out = frame.set('out', builder.add(frame.locals.get('out')!, receivers, 'attention residual'));
    return [feedForward(builder, parameters, out)];
  });
  return result!;
}

function projectChunks(
  builder: ProgramBuilder,
  both: ValueId,
  parameters: TransformerParameters,
  { receiverRows }: GraphChunks,
): ValueId {
  const { shape } = builder.values[both]!;
  const columns = shape[2]!;
  const projected = builder.call({ name: 'projection' }, { both }, (frame) =>
    receiverRows.map((rows, index) => {
      const ofChunk = builder.rows(rows, columns.symbol, columns.factor);
      const chunk = frame.set('chunk', builder.emit(ofChunk, 'chunk', { kind: 'slice', input: both }));
      return frame.set(`projected ${index}`, builder.linear(chunk, parameters.projection, 'projection'));
    }),
  );
  return builder.join(projected, shape, 'join chunks');
}

/** `x + mlp(norm(x))` */
function feedForward(
  builder: ProgramBuilder,
  parameters: TransformerParameters,
  input: ValueId,
  condition?: ValueId,
): ValueId {
  const normed = normalized(builder, parameters.mlpNorm, input, 'layer norm before MLP', condition);
  const call = { of: 'nodes', activation: 'gelu', recomputeActivation: false } as const;
  return builder.add(callMlp(builder, parameters.mlp, normed, call), input, 'MLP residual');
}
