/**
 * Processor layers in the GraphCast layout whose edges have no state: attention over the multi-mesh edges (every layer projects the
 * embedded edge features) and gated convolution (which reads none). A layer is one node update.
 */
import type { Model } from '../config/types.js';
import { type LayerGraph, type TransformerParameters, transformerLayer, transformerParameters } from './attention.js';
import type { ProgramBuilder } from './builder.js';
import { type GatedParameters, gatedLayer, gatedParameters } from './gated.js';
import type { LayerState } from './interaction.js';
import { axis } from './shape.js';
import type { ValueId } from './types.js';

export type StatelessLayer =
  | { readonly kind: 'attention'; readonly parameters: TransformerParameters }
  | { readonly kind: 'gated'; readonly parameters: GatedParameters };

/** anemoi-models' default MLP: one hidden layer. */
const hiddenLayers = 1;

export function declareStatelessLayer(
  builder: ProgramBuilder,
  kind: StatelessLayer['kind'],
  network: string,
): StatelessLayer {
  const base = { network, module: 'mesh' } as const;
  if (kind === 'gated') return { kind, parameters: gatedParameters(builder, base) };
  const spec = { ...base, edgeFeatures: axis('hiddenDim'), hiddenLayers, senderNorm: false };
  return { kind, parameters: transformerParameters(builder, spec) };
}

/** The mesh is sorted once, so the fused kernel's indices are made before the first step. */
function meshGraph({ attentionBackend }: Model): LayerGraph {
  return {
    senders: { edges: 'mesh', end: 'senders' },
    receivers: { edges: 'mesh', end: 'receivers' },
    receiverRows: 'meshNodes',
    ...(attentionBackend === 'triton' && { sortedIndices: () => [] }),
  };
}

export function statelessLayer(
  builder: ProgramBuilder,
  networks: StatelessLayer,
  { nodes, edges }: Pick<LayerState, 'nodes' | 'edges'>,
  layer: number,
  model: Model,
): ValueId {
  const graph = meshGraph(model);
  const call = { name: `mesh layer ${layer}`, layer, module: 'mesh' } as const;
  return networks.kind === 'gated'
    ? gatedLayer(builder, networks.parameters, nodes, graph, call)
    : transformerLayer(builder, networks.parameters, nodes, edges!, graph, model, call);
}
