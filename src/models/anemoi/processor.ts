/** anemoi's processors: chunks of layers, each one checkpoint where checkpointing is on (anemoi-models 0.19.0, layers/processor.py). */
import type { Model, Precision } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis, constant } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { GraphChunks, LayerGraph } from '../layers/attention.js';
import { transformerLayer } from '../layers/transformer.js';
import { type TransformerParameters, transformerParameters } from '../layers/transformer-parameters.js';
import { countDegrees } from './degrees.js';
import { edgeFeatureWidth, type ProvidedEdges } from './edges.js';
import { type GraphConvParameters, graphConvLayer, graphConvParameters } from './gnn.js';
import { layerGraph } from './graph.js';
import { gnnHiddenLayers, networkOptions, transformerHiddenLayers } from './options.js';
import { type PointWiseParameters, pointWiseLayer, pointWiseParameters } from './point-wise.js';
import {
  attending,
  type RowTransformerParameters,
  rowTransformerLayer,
  rowTransformerParameters,
} from './row-transformer.js';
import { exchangeHalo, rowsOfAll } from './sharding.js';

export type Processor =
  | { readonly kind: 'graphtransformer'; readonly layers: readonly TransformerParameters[] }
  | { readonly kind: 'gnn'; readonly layers: readonly GraphConvParameters[] }
  | { readonly kind: 'transformer'; readonly layers: readonly RowTransformerParameters[] }
  | { readonly kind: 'point-wise'; readonly layers: readonly PointWiseParameters[] };

/** `condition`: the width of what its norms read, in models with noise. */
export function declareProcessor(builder: ProgramBuilder, model: Model, condition?: Axis): Processor {
  const { qkNorm } = networkOptions(model);
  const layers = Array.from({ length: model.layers }, (_, layer) => ({ network: `mesh.${layer}`, layer }));
  const module = 'mesh';
  const hiddenLayers = transformerHiddenLayers(model);
  const ofTransformer = { module, hiddenLayers, qkNorm, ...(condition && { condition }) } as const;
  switch (model.processor) {
    case 'interaction': {
      const base = { module, hiddenLayers: gnnHiddenLayers(model) } as const;
      return {
        kind: 'gnn',
        layers: layers.map(({ network, layer }) =>
          graphConvParameters(builder, { ...base, network, embedsEdges: layer === 0 }),
        ),
      };
    }
    case 'transformer':
      return {
        kind: 'transformer',
        layers: layers.map(({ network }) => rowTransformerParameters(builder, { ...ofTransformer, network })),
      };
    case 'point-wise':
      return {
        kind: 'point-wise',
        layers: layers.map(({ network }) => pointWiseParameters(builder, network, model)),
      };
    default: {
      const base = { ...ofTransformer, edgeFeatures: edgeFeatureWidth, senderNorm: false };
      return {
        kind: 'graphtransformer',
        layers: layers.map(({ network }) => transformerParameters(builder, { ...base, network })),
      };
    }
  }
}

interface State {
  readonly nodes: ValueId;
  readonly edges?: ValueId;
}

export interface ProcessorInput {
  readonly nodes: ValueId;
  /** Absent where the layers read no edges. */
  readonly edges?: ProvidedEdges;
  /** What conditional norms read. */
  readonly condition?: ValueId;
}

export interface ProcessorCall {
  readonly model: Model;
  readonly precision: Precision;
  /** Over which the model is cut; absent: one. */
  readonly cards?: number;
  /** Absent: nothing is recomputed. */
  readonly layersPerChunk: number | undefined;
  /** A forecast's: blocks of the edges of every graph transformer layer. */
  readonly numBlocks?: number | undefined;
}

/** `[meshNodes, hiddenDim] → [meshNodes, hiddenDim]` */
export function runProcessor(
  builder: ProgramBuilder,
  processor: Processor,
  { nodes, edges, condition }: ProcessorInput,
  call: ProcessorCall,
): ValueId {
  const { layersPerChunk } = call;
  const run = layerOf(builder, processor, edges, condition, call);
  const numLayers = processor.layers.length;
  const size = layersPerChunk ?? numLayers / networkOptions(call.model).processorChunks;
  const others = { ...(edges && { index: edges.index }), ...(condition !== undefined && { condition }) };
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh' } as const;
  const [result] = builder.call(spec, { nodes, ...(edges && { edges: edges.features }), ...others }, (frame) => {
    let state: State = { nodes, ...(edges && { edges: edges.features }) };
    for (let first = 0; first < numLayers; first += size) {
      const role = { kind: 'processorSegment', index: first / size } as const;
      const chunk = { name: `processor chunk ${role.index}`, role, recomputed: layersPerChunk !== undefined } as const;
      const [chunkNodes, chunkEdges] = builder.call(chunk, { ...state, ...others }, (inner) => {
        let now = state;
        for (let layer = first; layer < Math.min(first + size, numLayers); layer++) {
          now = run(layer, now);
          // One tuple holds both: its last item is let go first.
          if (now.edges !== undefined) inner.set('edges', now.edges);
          inner.set('nodes', now.nodes);
        }
        return [now.nodes, ...(now.edges === undefined ? [] : [now.edges])];
      });
      if (chunkEdges !== undefined) frame.set('edges', chunkEdges);
      state = { ...(chunkEdges !== undefined && { edges: chunkEdges }), nodes: frame.set('nodes', chunkNodes!) };
    }
    return [state.nodes];
  });
  return result!;
}

/** One layer after the other: its number and what the one before made → what it makes. */
function layerOf(
  builder: ProgramBuilder,
  processor: Processor,
  edges: ProvidedEdges | undefined,
  condition: ValueId | undefined,
  { model, precision, numBlocks = 1, cards = 1 }: ProcessorCall,
): (layer: number, state: State) => State {
  const callOf = (layer: number) => ({ name: `mesh layer ${layer}`, layer, module: 'mesh' }) as const;
  const withCondition = condition === undefined ? {} : { condition };
  switch (processor.kind) {
    case 'transformer': {
      const how = attending(networkOptions(model), 'processor', precision, cards);
      return (layer, { nodes }) => ({
        nodes: rowTransformerLayer(builder, processor.layers[layer]!, { nodes, ...withCondition }, how, callOf(layer)),
      });
    }
    case 'point-wise':
      return (layer, { nodes }) => ({
        nodes: pointWiseLayer(builder, processor.layers[layer]!, nodes, callOf(layer)),
      });
    case 'gnn': {
      const graph = meshGraph(builder, edges!, model, rowsOfAll('meshNodes', cards));
      return (layer, state) => {
        const rows = { ...state, edges: state.edges! };
        return graphConvLayer(builder, processor.layers[layer]!, rows, graph, callOf(layer), cards);
      };
    }
    case 'graphtransformer': {
      const graph = shardedMesh(builder, edges!, model, numBlocks, cards);
      return (layer, { nodes, edges: features }) => {
        const rows = { nodes, edgeFeatures: features!, ...withCondition };
        const parameters = processor.layers[layer]!;
        return { edges: features!, nodes: transformerLayer(builder, parameters, rows, graph, model, callOf(layer)) };
      };
    }
  }
}

const meshRows = { senderRows: 'meshNodes', receiverRows: 'meshNodes' } as const;

/** The graph transformer's, in chunks and over several cards. */
function shardedMesh(
  builder: ProgramBuilder,
  edges: ProvidedEdges,
  model: Model,
  numBlocks: number,
  cards: number,
): LayerGraph {
  const chunks = meshChunks(builder, edges, model, numBlocks);
  const graph = { ...meshGraph(builder, edges, model), chunks };
  if (cards === 1) return graph;
  const halo: LayerGraph['halo'] = (frame, nodes) =>
    exchangeHalo(builder, frame, nodes, { index: edges.index, cards }, (index, senderRows) => ({
      ...layerGraph(builder, { edges: 'mesh', index, ...meshRows, senderRows }, model.attentionBackend),
      chunks: meshChunks(builder, { ...edges, index }, model, numBlocks, senderRows),
    }));
  return { ...graph, halo };
}

const meshGraph = (
  builder: ProgramBuilder,
  { index }: ProvidedEdges,
  { attentionBackend }: Model,
  rows = 'meshNodes',
): LayerGraph => layerGraph(builder, { edges: 'mesh', index, senderRows: rows, receiverRows: rows }, attentionBackend);

/** Row symbols of one block of the mesh's edges. */
export const meshBlockRows = (block: number) => ({
  edges: `meshBlock${block}Edges`,
  receivers: `meshBlock${block}Receivers`,
});

/** Receivers in nearly equal runs, each with its incoming edges, as slices (anemoi-models 0.19.0, distributed/khop_edges.py). */
function meshChunks(
  builder: ProgramBuilder,
  { index }: ProvidedEdges,
  { attentionBackend }: Model,
  numBlocks: number,
  senderRows = 'meshNodes',
): GraphChunks {
  if (numBlocks === 1) return { receiverRows: ['meshNodes'] };
  const blocks = Array.from({ length: numBlocks }, (_, block) => meshBlockRows(block));
  for (const rows of blocks) builder.rowShapes.countTogether(Object.values(rows));
  return {
    receiverRows: blocks.map(({ receivers }) => receivers),
    count: () => countDegrees(builder, { edges: 'meshEdges', receivers: 'meshNodes' }, numBlocks),
    graph: (block) => {
      const edgeRows = blocks[block]!.edges;
      const shape = [constant(2), axis(edgeRows), builder.rowShapes.samplesOf(edgeRows)];
      const ofBlock = builder.emit(shape, 'edge index of the block', { kind: 'slice', input: index });
      return {
        edgeRows,
        graph: layerGraph(builder, { edges: 'mesh', index: ofBlock, ...meshRows, senderRows }, attentionBackend),
      };
    },
  };
}
