/**
 * Residual gated graph convolution (Bresson and Laurent 2017, arXiv 1711.07553) without edge state, after a LayerNorm and inside a residual:
 * `x + W₄h + Σ sigmoid(W₁hᵢ + W₂hⱼ) · W₃hⱼ` with `h = LayerNorm(x)`, the sum over the incoming edges j → i. Where it reads edge features,
 * each edge's are joined to h, so that W₁, W₂ and W₃ run per edge and not per node.
 * Frames follow torch_geometric 2.8.1, nn/conv/res_gated_graph_conv.py.
 */

import type { ProgramBuilder } from '../../ir/builder.js';
import { axis } from '../../ir/shape.js';
import type { LinearParameters, Module, NormParameters, ValueId } from '../../ir/types.js';
import type { LayerGraph } from './attention.js';
import { linearParameters } from './mlp.js';
import type { LayerCall } from './transformer.js';

const projections = ['key', 'query', 'value'] as const;
type Projection = (typeof projections)[number];

export interface GatedParameters extends Readonly<Record<Projection, LinearParameters>> {
  readonly skip: LinearParameters;
  readonly bias: ValueId;
  readonly norm: NormParameters;
}

export interface GatedSpec {
  readonly network: string;
  readonly module: Module;
  readonly readsEdgeFeatures: boolean;
}

/** Columns of a node's row and its edge's structural features together. */
const joined = axis('nodeAndEdgeFeatures');

export function gatedParameters(
  builder: ProgramBuilder,
  { network, module, readsEdgeFeatures }: GatedSpec,
): GatedParameters {
  const H = axis('hiddenDim');
  const linear = (name: string, input = H, bias = true) =>
    linearParameters(builder, { network, module, name, input, output: H, bias });
  const vector = (name: string) => builder.parameter(network, module, name, [H]);
  const projection = (name: Projection) => linear(name, readsEdgeFeatures ? joined : H);
  return {
    norm: { scale: vector('norm.scale'), offset: vector('norm.offset') },
    key: projection('key'),
    query: projection('query'),
    value: projection('value'),
    skip: linear('skip', H, false),
    bias: vector('bias'),
  };
}

/** The mesh as the layer reads it, with its edges' structural features `[meshEdges, 4]` where it reads them. */
export type GatedGraph = LayerGraph & { readonly edgeFeatures?: ValueId };

/** `[nodes, hiddenDim] → [nodes, hiddenDim]` */
export function gatedConvolution(
  builder: ProgramBuilder,
  parameters: GatedParameters,
  nodes: ValueId,
  graph: GatedGraph,
): ValueId {
  const [result] = builder.call({ name: 'gated convolution' }, { nodes }, (frame) => {
    const project = (name: Projection) =>
      frame.set(name, graph.edgeFeatures === undefined ? builder.linear(nodes, parameters[name], name) : nodes);
    const projected = { key: project('key'), query: project('query'), value: project('value') };
    const sum = frame.set('out', propagate(builder, parameters, projected, graph));
    const skipped = frame.set('out', builder.add(sum, builder.linear(nodes, parameters.skip, 'skip'), 'add skip'));
    const { shape } = builder.values[skipped]!;
    const operation = { kind: 'addBias', input: skipped, bias: parameters.bias } as const;
    return [frame.set('out', builder.emit(shape, 'add bias', operation))];
  });
  return result!;
}

type Projected = Readonly<Record<Projection, ValueId>>;

function propagate(
  builder: ProgramBuilder,
  parameters: GatedParameters,
  projected: Projected,
  graph: GatedGraph,
): ValueId {
  const { senders, receivers, receiverRows } = graph;
  const [result] = builder.call({ name: 'gated messages' }, { ...projected }, (frame) => {
    const { keyAtEdges, queryAtEdges, valueAtEdges } = frame.setFields({
      keyAtEdges: builder.gather(projected.key, receivers, 'gather key'),
      queryAtEdges: builder.gather(projected.query, senders, 'gather query'),
      valueAtEdges: builder.gather(projected.value, senders, 'gather value'),
    });
    const atEdges = { key: keyAtEdges, query: queryAtEdges, value: valueAtEdges };
    const messages = frame.set('out', message(builder, parameters, atEdges, graph.edgeFeatures));
    return [frame.set('out', builder.segmentSum(messages, receivers, receiverRows, 'sum incoming edges'))];
  });
  return result!;
}

/** Key, query and value at the edges → `[edges, hiddenDim]` */
function message(
  builder: ProgramBuilder,
  parameters: GatedParameters,
  atEdges: Projected,
  edgeFeatures: ValueId | undefined,
): ValueId {
  const [result] = builder.call({ name: 'gated message' }, { ...atEdges }, (frame) => {
    if (edgeFeatures !== undefined) {
      for (const name of projections) {
        const both = builder.concat([atEdges[name], edgeFeatures], `${name} and edge features`, joined);
        frame.set(name, builder.linear(both, parameters[name], name));
      }
    }
    const [key, query, value] = projections.map((name) => frame.locals.get(name)!);
    const sum = builder.add(key!, query!, 'key and query');
    const [gate] = builder.call({ name: 'gate' }, { sum }, () => [builder.activation('sigmoid', sum, 'gate', false)]);
    return [builder.binary('multiply', gate!, value!, 'gated value')];
  });
  return result!;
}

/** `x + convolution(norm(x))` */
export function gatedLayer(
  builder: ProgramBuilder,
  parameters: GatedParameters,
  nodes: ValueId,
  graph: GatedGraph,
  { name, module, layer }: LayerCall,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const [result] = builder.call({ name, role, module }, { nodes }, () => {
    const normed = builder.layerNorm(nodes, parameters.norm, 'layer norm');
    return [builder.add(nodes, gatedConvolution(builder, parameters, normed, graph), 'residual')];
  });
  return result!;
}
