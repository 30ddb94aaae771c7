/** The networks of graph_weather's GraphCast class and their widths. */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis, constant } from '../../ir/shape.js';
import type { EdgeSet, Module, ValueId } from '../../ir/types.js';
import { type MlpParameters, mlpDeclarer } from '../layers/mlp.js';

/** Sine and cosine of the distance. */
export const numEdgeFeatures = 2;
/** The decoder's edge width and the hidden layers of its edge embedder do not follow the model's options. */
const decoderEdgeWidth = 256;
const decoderEmbedderHiddenLayers = 2;
const H = axis('hiddenDim');
const decoderEdges = constant(decoderEdgeWidth);

export interface Block {
  readonly edges: MlpParameters;
  readonly nodes: MlpParameters;
}

export interface Networks {
  readonly meshInputs: ValueId;
  readonly embedNodes: MlpParameters;
  readonly embedEdges: Readonly<Record<EdgeSet, MlpParameters>>;
  readonly encoder: Block;
  readonly layers: readonly Block[];
  readonly decoder: Block;
  readonly head: MlpParameters;
}

export function declareNetworks(builder: ProgramBuilder, model: Model): Networks {
  const mlp = mlpDeclarer(builder, model.mlpHiddenLayers);
  const block = (
    network: string,
    module: Module,
    widths: { edgeInput: Axis; edges: Axis; nodeInput: Axis },
  ): Block => ({
    edges: mlp(`${network}.edges`, module, widths.edgeInput, widths.edges),
    nodes: mlp(`${network}.nodes`, module, widths.nodeInput, H),
  });
  const usual = { edgeInput: axis('hiddenDim', 3), edges: H, nodeInput: axis('hiddenDim', 2) };
  const wide = { edgeInput: axis('decoderEdgeInput'), edges: decoderEdges, nodeInput: axis('decoderNodeInput') };
  const edgeFeatures = constant(numEdgeFeatures);
  const embedNodes = mlp('grid2mesh.embedNodes', 'grid2mesh', axis('inputChannels'), H);
  const grid2mesh = mlp('grid2mesh.embedEdges', 'grid2mesh', edgeFeatures, H);
  const mesh = mlp('mesh.embedEdges', 'mesh', edgeFeatures, H);
  const encoder = block('grid2mesh', 'grid2mesh', usual);
  const meshInputs = builder.parameter('grid2mesh.trainedMeshInputs', 'grid2mesh', 'weight', [
    axis('meshNodes'),
    axis('inputChannels'),
  ]);
  const layers = Array.from({ length: model.layers }, (_, layer) => block(`mesh.${layer}`, 'mesh', usual));
  const embedder = { hiddenLayers: decoderEmbedderHiddenLayers };
  const mesh2grid = mlp('mesh2grid.embedEdges', 'mesh2grid', edgeFeatures, decoderEdges, embedder);
  const decoder = block('mesh2grid', 'mesh2grid', wide);
  const head = mlp('mesh2grid.head', 'mesh2grid', H, axis('outputChannels'), { layerNorm: false });
  return { meshInputs, embedNodes, embedEdges: { grid2mesh, mesh, mesh2grid }, encoder, layers, decoder, head };
}
