/**
 * Processor layers in the GraphCast layout whose edges have no state: attention over the multi-mesh edges (every layer projects the
 * embedded edge features) and gated convolution (which reads none, or the structural features as they are). A layer is one node update.
 */
import type { Model, ProcessorKind } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { ProcessorTraits } from '../code-base.js';
import type { LayerGraph } from './attention.js';
import { type GatedParameters, gatedLayer, gatedParameters } from './gated.js';
import type { LayerState } from './interaction.js';
import { transformerLayer } from './transformer.js';
import { type TransformerParameters, transformerParameters } from './transformer-parameters.js';

export type StatelessLayer =
  | { readonly kind: 'attention'; readonly parameters: TransformerParameters }
  | { readonly kind: 'gated' | 'gated-edges'; readonly parameters: GatedParameters };

/** What `--processor` takes in a network of GraphCast's shape. */
export const graphcastProcessors: Readonly<Partial<Record<ProcessorKind, ProcessorTraits>>> = {
  interaction: { meshEdges: 'state', isMlps: true, isWidthOneSymbol: true },
  attention: { meshEdges: 'embedded', hasHeads: true, hasMlpRatio: true },
  gated: { isWidthOneSymbol: true },
  'gated-edges': { meshEdges: 'features' },
};

export const isStateless = (processor: ProcessorKind): processor is StatelessLayer['kind'] =>
  graphcastProcessors[processor]?.meshEdges !== 'state';

/** anemoi-models' default MLP: one hidden layer. */
const hiddenLayers = 1;

export function declareStatelessLayer(
  builder: ProgramBuilder,
  kind: StatelessLayer['kind'],
  network: string,
): StatelessLayer {
  const base = { network, module: 'mesh' } as const;
  if (kind !== 'attention') {
    const readsEdgeFeatures = kind === 'gated-edges';
    return { kind, parameters: gatedParameters(builder, { ...base, readsEdgeFeatures }) };
  }
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
  edgeFeatures: ValueId,
  layer: number,
  model: Model,
): ValueId {
  const graph = meshGraph(model);
  const call = { name: `mesh layer ${layer}`, layer, module: 'mesh' } as const;
  switch (networks.kind) {
    case 'attention':
      return transformerLayer(builder, networks.parameters, { nodes, edgeFeatures: edges! }, graph, model, call);
    case 'gated':
      return gatedLayer(builder, networks.parameters, nodes, graph, call);
    case 'gated-edges':
      return gatedLayer(builder, networks.parameters, nodes, { ...graph, edgeFeatures }, call);
  }
}
