/** Every network of a GraphCast-shaped model, declared in the order in which PhysicsNeMo's constructor makes them. */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis, constant } from '../../ir/shape.js';
import type { GraphcastShape } from '../code-base.js';
import { type MlpParameters, mlpDeclarer } from './mlp.js';
import { declareStatelessLayer, graphcastProcessors, isStateless, type StatelessLayer } from './stateless-layers.js';

/** Structural features of a node: cos θ, cos φ, sin φ. */
export const numNodeFeatures = 3;
/** Edge structural features: distance and relative position in the receiver's frame. */
export const numEdgeFeatures = 4;

export type LayerNetworks =
  | { readonly kind: 'interaction'; readonly edges: MlpParameters; readonly nodes: MlpParameters }
  | StatelessLayer;

export interface Networks {
  readonly embedGridNodes: MlpParameters;
  readonly embedMeshNodes: MlpParameters;
  readonly embedGrid2meshEdges: MlpParameters;
  /** Absent where the processor reads no embedded edges (gated). */
  readonly embedMeshEdges?: MlpParameters;
  readonly embedMesh2gridEdges: MlpParameters;
  readonly encoderEdges: MlpParameters;
  readonly encoderGridNodes: MlpParameters;
  readonly encoderMeshNodes: MlpParameters;
  readonly layers: readonly LayerNetworks[];
  readonly decoderEdges: MlpParameters;
  readonly decoderGridNodes: MlpParameters;
  readonly head: MlpParameters;
}

export function declareNetworks(
  builder: ProgramBuilder,
  model: Model,
  { meshNodeInput, declaresMeshNodeUpdate }: GraphcastShape,
  split: boolean,
): Networks {
  const H = axis('hiddenDim');
  const twice = axis('hiddenDim', 2);
  const thrice = axis('hiddenDim', 3);
  const edgeFeatures = constant(numEdgeFeatures);
  const mlp = mlpDeclarer(builder, model.mlpHiddenLayers);
  const embedGridNodes = mlp('grid2mesh.embedGridNodes', 'grid2mesh', axis('inputChannels'));
  const embedMeshNodes = mlp('grid2mesh.embedMeshNodes', 'grid2mesh', meshNodeInput);
  const embedGrid2meshEdges = mlp('grid2mesh.embedEdges', 'grid2mesh', edgeFeatures);
  const { meshEdges } = graphcastProcessors[model.processor] ?? {};
  const embedMeshEdges =
    meshEdges === 'state' || meshEdges === 'embedded' ? mlp('mesh.embedEdges', 'mesh', edgeFeatures) : undefined;
  const embedMesh2gridEdges = mlp('mesh2grid.embedEdges', 'mesh2grid', edgeFeatures);
  const encoderEdges = mlp('grid2mesh.edges', 'grid2mesh', thrice, H, { split });
  const encoderGridNodes = mlp('grid2mesh.gridNodes', 'grid2mesh', H);
  const encoderMeshNodes = mlp('grid2mesh.meshNodes', 'grid2mesh', twice);
  const layers = Array.from({ length: model.layers }, (_, layer): LayerNetworks => {
    const network = `mesh.${layer}`;
    if (isStateless(model.processor)) return declareStatelessLayer(builder, model.processor, network);
    return {
      kind: 'interaction',
      edges: mlp(`${network}.edges`, 'mesh', thrice, H, { split }),
      nodes: mlp(`${network}.nodes`, 'mesh', twice),
    };
  });
  const decoderEdges = mlp('mesh2grid.edges', 'mesh2grid', thrice, H, { split });
  const decoderGridNodes = mlp('mesh2grid.gridNodes', 'mesh2grid', twice);
  if (declaresMeshNodeUpdate) mlp('mesh2grid.meshNodes', 'mesh2grid', H, H, { used: false });
  const head = mlp('mesh2grid.head', 'mesh2grid', H, axis('outputChannels'), { layerNorm: false });
  return {
    embedGridNodes,
    embedMeshNodes,
    embedGrid2meshEdges,
    ...(embedMeshEdges && { embedMeshEdges }),
    embedMesh2gridEdges,
    encoderEdges,
    encoderGridNodes,
    encoderMeshNodes,
    layers,
    decoderEdges,
    decoderGridNodes,
    head,
  };
}
