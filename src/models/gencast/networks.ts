/** GenCast's networks and their parameters (google-deepmind/graphcast 08cf736, denoiser.py, sparse_transformer.py, mlp.py). */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis, constant } from '../../ir/shape.js';
import type { LinearParameters, Module, ValueId } from '../../ir/types.js';
import { linearParameters, type MlpParameters, mlpParameters } from '../layers/mlp.js';
import { numEdgeFeatures } from '../layers/networks.js';

/** NoiseEncoderConfig: sine and cosine of 32 frequencies, a Linear of 32, a Linear of 16. */
export const noise = { features: 64, hidden: 32, code: 16 } as const;

const H = axis('hiddenDim');
const F = axis('mlpHiddenDim');

/** A Linear of the noise code: scale and offset of every column. */
export interface ConditionParameters {
  readonly weight: ValueId;
  readonly bias: ValueId;
}

/** An MLP that ends in a conditioned LayerNorm. */
export interface ConditionedMlp {
  readonly mlp: MlpParameters;
  readonly condition: ConditionParameters;
}

export interface TransformerLayer {
  readonly attentionNorm: ConditionParameters;
  readonly query: LinearParameters;
  readonly key: LinearParameters;
  readonly value: LinearParameters;
  readonly projection: LinearParameters;
  readonly feedForwardNorm: ConditionParameters;
  readonly feedForward: MlpParameters;
}

export interface Networks {
  readonly noise: readonly [LinearParameters, LinearParameters];
  readonly embedGridNodes: ConditionedMlp;
  readonly embedMeshNodes: ConditionedMlp;
  readonly embedGrid2meshEdges: ConditionedMlp;
  readonly encoderEdges: ConditionedMlp;
  readonly encoderMeshNodes: ConditionedMlp;
  readonly encoderGridNodes: ConditionedMlp;
  readonly layers: readonly TransformerLayer[];
  readonly finalNorm: ConditionParameters;
  readonly embedMesh2gridEdges: ConditionedMlp;
  readonly decoderEdges: ConditionedMlp;
  readonly decoderGridNodes: ConditionedMlp;
  readonly head: MlpParameters;
}

/** Declares the Linear of a norm from a code of that width; `columns` of the rows that are normalised: `hiddenDim` where nothing is said. */
export type ConditionDeclarer = (
  network: string,
  module: Module,
  used?: boolean,
  columns?: Axis,
) => ConditionParameters;

export const conditionDeclarer =
  (builder: ProgramBuilder, codeWidth: number): ConditionDeclarer =>
  (network, module, used = true, { symbol, factor } = H) => {
    const both = axis(symbol, 2 * factor);
    return {
      weight: builder.parameter(network, module, 'condition.weight', [constant(codeWidth), both], used),
      bias: builder.parameter(network, module, 'condition.bias', [both], used),
    };
  };

export function declareNetworks(builder: ProgramBuilder, model: Model): Networks {
  const condition = conditionDeclarer(builder, noise.code);
  const mlp = (network: string, module: Module, input: Axis, used = true): ConditionedMlp => ({
    mlp: mlpParameters(builder, {
      network,
      module,
      input,
      output: H,
      hiddenLayers: model.mlpHiddenLayers,
      layerNorm: false,
      used,
    }),
    condition: condition(network, module, used),
  });
  const noiseLinear = (name: string, input: number, output: number) =>
    linearParameters(builder, {
      network: 'noise',
      module: 'other',
      name,
      input: constant(input),
      output: constant(output),
    });
  const rows = axis('inputChannels');
  const edges = constant(numEdgeFeatures);
  const [twice, thrice] = [axis('hiddenDim', 2), axis('hiddenDim', 3)];
  const networks: Networks = {
    noise: [noiseLinear('linear0', noise.features, noise.hidden), noiseLinear('linear1', noise.hidden, noise.code)],
    embedGridNodes: mlp('grid2mesh.embedGridNodes', 'grid2mesh', rows),
    // Zeros in place of a grid node's channels: "to make sure capacity of the embedded is identical".
    embedMeshNodes: mlp('grid2mesh.embedMeshNodes', 'grid2mesh', rows),
    embedGrid2meshEdges: mlp('grid2mesh.embedEdges', 'grid2mesh', edges),
    encoderEdges: mlp('grid2mesh.edges', 'grid2mesh', thrice),
    encoderMeshNodes: mlp('grid2mesh.meshNodes', 'grid2mesh', twice),
    encoderGridNodes: mlp('grid2mesh.gridNodes', 'grid2mesh', H),
    layers: Array.from({ length: model.layers }, (_, layer) => transformerLayer(builder, `mesh.${layer}`, condition)),
    finalNorm: condition('mesh.final', 'mesh'),
    embedMesh2gridEdges: mlp('mesh2grid.embedEdges', 'mesh2grid', edges),
    decoderEdges: mlp('mesh2grid.edges', 'mesh2grid', thrice),
    decoderGridNodes: mlp('mesh2grid.gridNodes', 'mesh2grid', twice),
    head: mlpParameters(builder, {
      network: 'mesh2grid.head',
      module: 'mesh2grid',
      input: H,
      output: axis('outputChannels'),
      hiddenLayers: model.mlpHiddenLayers,
      layerNorm: false,
    }),
  };
  // The decoder's update of the mesh nodes runs, and nothing reads it.
  mlp('mesh2grid.meshNodes', 'mesh2grid', H, false);
  return networks;
}

export function transformerLayer(
  builder: ProgramBuilder,
  network: string,
  condition: ConditionDeclarer,
): TransformerLayer {
  const module = 'mesh';
  const linear = (name: string, bias: boolean) =>
    linearParameters(builder, { network, module, name, input: H, output: H, bias });
  return {
    attentionNorm: condition(`${network}.attentionNorm`, module),
    query: linear('query', false),
    key: linear('key', false),
    value: linear('value', false),
    projection: linear('projection', true),
    feedForwardNorm: condition(`${network}.feedForwardNorm`, module),
    feedForward: mlpParameters(builder, {
      network: `${network}.feedForward`,
      module,
      input: H,
      output: H,
      hidden: F,
      hiddenLayers: 1,
      layerNorm: false,
    }),
  };
}
