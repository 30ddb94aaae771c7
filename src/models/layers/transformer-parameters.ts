/** Parameters of a graph transformer layer (anemoi-models 0.19.0, layers/block.py). */
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis } from '../../ir/shape.js';
import type { LinearParameters, Module } from '../../ir/types.js';
import { type HeadNorms, headNormParameters } from './head-norms.js';
import { linearParameters, type MlpParameters, mlpParameters } from './mlp.js';
import { type Norm, normParameters } from './norm.js';

export interface TransformerParameters {
  readonly key: LinearParameters;
  readonly query: LinearParameters;
  readonly value: LinearParameters;
  readonly self: LinearParameters;
  readonly edge: LinearParameters;
  readonly projection: LinearParameters;
  readonly headNorms?: HeadNorms;
  readonly attentionNorm: Norm;
  /** Mappers have one of their own for the senders. */
  readonly senderNorm?: Norm;
  readonly mlpNorm: Norm;
  readonly mlp: MlpParameters;
}

const H = axis('hiddenDim');

export interface TransformerSpec {
  readonly network: string;
  readonly module: Module;
  readonly edgeFeatures: Axis;
  readonly hiddenLayers: number;
  readonly senderNorm: boolean;
  /** Absent: neither queries nor keys are normalized. */
  readonly qkNorm?: boolean;
  /** Width of the condition of its norms; absent: they are plain. */
  readonly condition?: Axis;
}

/** In the order in which the block's constructor makes them. */
export function transformerParameters(builder: ProgramBuilder, spec: TransformerSpec): TransformerParameters {
  const { network, module, edgeFeatures, hiddenLayers } = spec;
  const linear = (name: string, input = H) => linearParameters(builder, { network, module, name, input, output: H });
  const norm = (name: string) => normParameters(builder, { ...spec, name });
  const projections = {
    key: linear('key'),
    query: linear('query'),
    value: linear('value'),
    self: linear('self'),
    edge: linear('edge', edgeFeatures),
    projection: linear('projection'),
  };
  const headNorms = spec.qkNorm && headNormParameters(builder, network, module);
  const attentionNorm = norm('attentionNorm');
  const mlpNorm = norm('mlpNorm');
  const mlp = mlpParameters(builder, {
    network,
    module,
    input: H,
    output: H,
    hidden: axis('mlpHiddenDim'),
    hiddenLayers,
    layerNorm: false,
  });
  return {
    ...projections,
    ...(headNorms && { headNorms }),
    attentionNorm,
    mlpNorm,
    mlp,
    ...(spec.senderNorm && { senderNorm: norm('senderNorm') }),
  };
}
