/**
 * Residual gated graph convolution (Bresson and Laurent 2017, arXiv 1711.07553) without edge state, after a LayerNorm and inside a residual:
 * `x + W₄h + Σ sigmoid(W₁hᵢ + W₂hⱼ) · W₃hⱼ` with `h = LayerNorm(x)`, the sum over the incoming edges j → i.
 * Frames follow torch_geometric 2.8.1, nn/conv/res_gated_graph_conv.py.
 */
import type { LayerCall, LayerGraph } from './attention.js';
import type { ProgramBuilder } from './builder.js';
import { type LinearParameters, linearParameters } from './mlp.js';
import { axis } from './shape.js';
import type { Module, ValueId } from './types.js';

export interface GatedParameters {
  readonly key: LinearParameters;
  readonly query: LinearParameters;
  readonly value: LinearParameters;
  readonly skip: LinearParameters;
  readonly bias: ValueId;
  readonly norm: { readonly scale: ValueId; readonly offset: ValueId };
}

export interface GatedSpec {
  readonly network: string;
  readonly module: Module;
}

export function gatedParameters(builder: ProgramBuilder, { network, module }: GatedSpec): GatedParameters {
  const H = axis('hiddenDim');
  const linear = (name: string, bias = true) =>
    linearParameters(builder, { network, module, name, input: H, output: H, bias });
  const vector = (name: string) => builder.parameter(network, module, name, [H]);
  return {
    norm: { scale: vector('norm.scale'), offset: vector('norm.offset') },
    key: linear('key'),
    query: linear('query'),
    value: linear('value'),
    skip: linear('skip', false),
    bias: vector('bias'),
  };
}

/** `[nodes, hiddenDim] → [nodes, hiddenDim]` */
export function gatedConvolution(
  builder: ProgramBuilder,
  parameters: GatedParameters,
  nodes: ValueId,
  graph: LayerGraph,
): ValueId {
  const linear = ({ weight, bias }: LinearParameters, name: string) => builder.linear(nodes, weight, bias, name);
  const [result] = builder.call({ name: 'gated convolution' }, { nodes }, (frame) => {
    const key = frame.set('key', linear(parameters.key, 'key'));
    const query = frame.set('query', linear(parameters.query, 'query'));
    const value = frame.set('value', linear(parameters.value, 'value'));
    const sum = frame.set('out', propagate(builder, { key, query, value }, graph));
    const skipped = frame.set('out', builder.add(sum, linear(parameters.skip, 'skip'), 'add skip'));
    const { shape } = builder.values[skipped]!;
    const operation = { kind: 'addBias', input: skipped, bias: parameters.bias } as const;
    return [frame.set('out', builder.emit(shape, 'add bias', operation, [skipped]))];
  });
  return result!;
}

interface Projected {
  readonly key: ValueId;
  readonly query: ValueId;
  readonly value: ValueId;
}

function propagate(
  builder: ProgramBuilder,
  { key, query, value }: Projected,
  { senders, receivers, receiverRows }: LayerGraph,
): ValueId {
  const [result] = builder.call({ name: 'gated messages' }, { key, query, value }, (frame) => {
    const k = frame.set('keyAtEdges', builder.gather(key, receivers, 'gather key'));
    const q = frame.set('queryAtEdges', builder.gather(query, senders, 'gather query'));
    const v = frame.set('valueAtEdges', builder.gather(value, senders, 'gather value'));
    const [gate] = builder.call({ name: 'gate' }, { sum: builder.add(k, q, 'key and query') }, (inner) => [
      builder.activation('sigmoid', inner.locals.get('sum')!, 'gate', false),
    ]);
    const messages = frame.set('out', builder.binary('multiply', gate!, v, 'gated value'));
    return [frame.set('out', builder.segmentSum(messages, receivers, receiverRows, 'sum incoming edges'))];
  });
  return result!;
}

/** `x + convolution(norm(x))` */
export function gatedLayer(
  builder: ProgramBuilder,
  parameters: GatedParameters,
  nodes: ValueId,
  graph: LayerGraph,
  { name, module, layer }: LayerCall,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const [result] = builder.call({ name, role, module }, { nodes }, () => {
    const { scale, offset } = parameters.norm;
    const normed = builder.layerNorm(nodes, scale, offset, 'layer norm');
    return [builder.add(nodes, gatedConvolution(builder, parameters, normed, graph), 'residual')];
  });
  return result!;
}
