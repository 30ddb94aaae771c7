/**
 * FGN's networks and their parameters (google-deepmind/weathernext 9c034db, architecture.py, deep_gnn.py, sparse_transformer.py). Edge latents
 * are narrow, and the first product of an edge MLP is split: one for the edges, one for the senders and, in the decoder, one for the receivers,
 * made before the rows are gathered.
 */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis, constant } from '../../ir/shape.js';
import type { LinearParameters, Module, ValueId } from '../../ir/types.js';
import {
  type ConditionedMlp,
  type ConditionParameters,
  conditionDeclarer,
  type TransformerLayer,
  transformerLayer,
} from '../gencast/networks.js';
import { linearParameters, mlpParameters } from '../layers/mlp.js';
import { numEdgeFeatures } from '../layers/networks.js';

/** Normal numbers per sample, the code that every norm reads, and the width of an edge's latents. */
export const widths = { noise: 32, code: 32, edges: 32 } as const;
/** Sine and cosine of longitude and the sine of latitude; sine and cosine of year progress at three times. */
export const numMeshChannels = 3 + 6;

const H = axis('hiddenDim');

/** The MLP of an edge set behind its split first product. */
export interface EdgeNetwork {
  readonly embed: ConditionedMlp;
  readonly edges: LinearParameters;
  readonly senders: LinearParameters;
  readonly receivers?: LinearParameters;
  /** The first layer's bias. */
  readonly bias: ValueId;
  readonly rest: readonly LinearParameters[];
  readonly condition: ConditionParameters;
}

export interface Networks {
  readonly noise: LinearParameters;
  readonly embedGridNodes: ConditionedMlp;
  readonly embedMeshNodes: ConditionedMlp;
  readonly encoder: EdgeNetwork;
  readonly encoderMeshNodes: ConditionedMlp;
  readonly encoderGridNodes: ConditionedMlp;
  readonly layers: readonly TransformerLayer[];
  readonly finalNorm: ConditionParameters;
  readonly decoder: EdgeNetwork;
  readonly decoderGridNodes: ConditionedMlp;
  readonly head: ReturnType<typeof mlpParameters>;
}

export function declareNetworks(builder: ProgramBuilder, model: Model): Networks {
  const hiddenLayers = model.mlpHiddenLayers;
  const condition = conditionDeclarer(builder, widths.code);
  const mlp = (network: string, module: Module, input: Axis, used = true, output = H): ConditionedMlp => ({
    mlp: mlpParameters(builder, {
      network,
      module,
      input,
      output,
      hidden: output,
      hiddenLayers,
      layerNorm: false,
      used,
    }),
    condition: condition(network, module, used, output),
  });
  const edgeNetwork = (module: 'grid2mesh' | 'mesh2grid', hasReceivers: boolean): EdgeNetwork => {
    const network = `${module}.edges`;
    const linear = (name: string, input: Axis, bias = false) =>
      linearParameters(builder, { network, module, name, input, output: H, bias });
    return {
      embed: mlp(`${module}.embedEdges`, module, constant(numEdgeFeatures), true, constant(widths.edges)),
      edges: linear('edges', constant(widths.edges)),
      senders: linear('senders', H),
      ...(hasReceivers && { receivers: linear('receivers', H) }),
      bias: builder.parameter(network, module, 'linear0.bias', [H]),
      rest: Array.from({ length: hiddenLayers }, (_, index) => linear(`linear${index + 1}`, H, true)),
      condition: condition(network, module),
    };
  };
  const twice = axis('hiddenDim', 2);
  const networks: Networks = {
    noise: linearParameters(builder, {
      network: 'noise',
      module: 'other',
      name: 'linear',
      input: constant(widths.noise),
      output: constant(widths.code),
      bias: false,
    }),
    embedGridNodes: mlp('grid2mesh.embedGridNodes', 'grid2mesh', axis('inputChannels')),
    embedMeshNodes: mlp('grid2mesh.embedMeshNodes', 'grid2mesh', constant(numMeshChannels)),
    encoder: edgeNetwork('grid2mesh', false),
    encoderMeshNodes: mlp('grid2mesh.meshNodes', 'grid2mesh', twice),
    encoderGridNodes: mlp('grid2mesh.gridNodes', 'grid2mesh', H),
    layers: Array.from({ length: model.layers }, (_, layer) => transformerLayer(builder, `mesh.${layer}`, condition)),
    finalNorm: condition('mesh.final', 'mesh'),
    decoder: edgeNetwork('mesh2grid', true),
    decoderGridNodes: mlp('mesh2grid.gridNodes', 'mesh2grid', twice),
    head: mlpParameters(builder, {
      network: 'mesh2grid.head',
      module: 'mesh2grid',
      input: H,
      output: axis('outputChannels'),
      hiddenLayers,
      layerNorm: false,
    }),
  };
  // The decoder's update of the mesh nodes runs, and nothing reads it.
  mlp('mesh2grid.meshNodes', 'mesh2grid', H, false);
  return networks;
}
