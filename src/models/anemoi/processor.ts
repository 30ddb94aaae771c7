/** anemoi's processors: chunks of layers, each one checkpoint where checkpointing is on (anemoi-models 0.19.0, layers/processor.py). */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { ValueId } from '../../ir/types.js';
import type { LayerGraph } from '../layers/attention.js';
import { transformerLayer } from '../layers/transformer.js';
import { type TransformerParameters, transformerParameters } from '../layers/transformer-parameters.js';
import { edgeFeatureWidth, type ProvidedEdges } from './edges.js';
import { type GraphConvParameters, graphConvLayer, graphConvParameters } from './gnn.js';
import { layerGraph } from './graph.js';

export type Processor =
  | { readonly kind: 'transformer'; readonly layers: readonly TransformerParameters[] }
  | { readonly kind: 'gnn'; readonly layers: readonly GraphConvParameters[] };

export function declareProcessor(builder: ProgramBuilder, model: Model): Processor {
  const { mlpHiddenLayers: hiddenLayers } = model;
  const layers = Array.from({ length: model.layers }, (_, layer) => ({ network: `mesh.${layer}`, layer }));
  if (model.layout === 'anemoi-gnn') {
    return {
      kind: 'gnn',
      layers: layers.map(({ network, layer }) =>
        graphConvParameters(builder, { network, module: 'mesh', hiddenLayers, embedsEdges: layer === 0 }),
      ),
    };
  }
  const base = { module: 'mesh', edgeFeatures: edgeFeatureWidth, hiddenLayers, senderNorm: false } as const;
  return {
    kind: 'transformer',
    layers: layers.map(({ network }) => transformerParameters(builder, { network, ...base })),
  };
}

interface State {
  readonly nodes: ValueId;
  readonly edges: ValueId;
}

/** `[meshNodes, hiddenDim] → [meshNodes, hiddenDim]` */
export function runProcessor(
  builder: ProgramBuilder,
  processor: Processor,
  nodes: ValueId,
  { features, index }: ProvidedEdges,
  model: Model,
  layersPerChunk: number | undefined,
): ValueId {
  const rows = { senderRows: 'meshNodes', receiverRows: 'meshNodes' };
  const graph = {
    ...layerGraph(builder, { edges: 'mesh', index, ...rows }, model.attentionBackend),
    joinsChunks: true,
  };
  const numLayers = processor.layers.length;
  const size = layersPerChunk ?? numLayers;
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh' } as const;
  const [result] = builder.call(spec, { nodes, edges: features, index }, (frame) => {
    let state: State = { nodes, edges: features };
    for (let first = 0; first < numLayers; first += size) {
      const role = { kind: 'processorSegment', index: first / size } as const;
      const chunk = { name: `processor chunk ${role.index}`, role, recomputed: layersPerChunk !== undefined } as const;
      const [chunkNodes, chunkEdges] = builder.call(chunk, { ...state, index }, (inner) => {
        let now = state;
        for (let layer = first; layer < Math.min(first + size, numLayers); layer++) {
          now = runLayer(builder, processor, layer, now, graph, model);
          // One tuple holds both: its last item is let go first.
          inner.set('edges', now.edges);
          inner.set('nodes', now.nodes);
        }
        return [now.nodes, now.edges];
      });
      state = { edges: frame.set('edges', chunkEdges!), nodes: frame.set('nodes', chunkNodes!) };
    }
    return [state.nodes];
  });
  return result!;
}

function runLayer(
  builder: ProgramBuilder,
  processor: Processor,
  layer: number,
  state: State,
  graph: LayerGraph,
  model: Model,
): State {
  const call = { name: `mesh layer ${layer}`, layer, module: 'mesh' } as const;
  if (processor.kind === 'gnn') return graphConvLayer(builder, processor.layers[layer]!, state, graph, call);
  const parameters = processor.layers[layer]!;
  return { ...state, nodes: transformerLayer(builder, parameters, state.nodes, state.edges, graph, model, call) };
}
