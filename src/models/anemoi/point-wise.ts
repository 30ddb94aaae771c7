/**
 * anemoi's point-wise networks: every row by itself (anemoi-models 0.19.0). The processor's block is an MLP with neither residual nor
 * neighbours (layers/block.py); the mappers are one Linear in, and a LayerNorm and a Linear out (layers/mapper.py).
 */
import type { Model } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import { axis } from '../../ir/shape.js';
import type { LinearParameters, NormParameters, ValueId } from '../../ir/types.js';
import { linearParameters } from '../layers/mlp.js';
import type { LayerCall } from '../layers/transformer.js';
import {
  declareExtractor,
  extractChannels,
  type MapperEdges,
  type MapperParameters,
  type MapperSpec,
} from './mapper.js';

export interface PointWiseParameters {
  readonly widen: LinearParameters;
  readonly norm: NormParameters;
  /** Left out where the hidden layer is as wide as the row. */
  readonly narrow?: LinearParameters;
}

export function pointWiseParameters(
  builder: ProgramBuilder,
  network: string,
  { mlpRatio }: Model,
): PointWiseParameters {
  const [H, hidden] = [axis('hiddenDim'), axis('mlpHiddenDim')];
  const base = { network, module: 'mesh' } as const;
  const widen = linearParameters(builder, { ...base, name: 'widen', input: H, output: hidden });
  const norm = {
    scale: builder.parameter(network, 'mesh', 'norm.scale', [hidden]),
    offset: builder.parameter(network, 'mesh', 'norm.offset', [hidden]),
  };
  if (mlpRatio === 1) return { widen, norm };
  return { widen, norm, narrow: linearParameters(builder, { ...base, name: 'narrow', input: hidden, output: H }) };
}

/** `[nodes, hiddenDim] → [nodes, hiddenDim]` */
export function pointWiseLayer(
  builder: ProgramBuilder,
  { widen, norm, narrow }: PointWiseParameters,
  nodes: ValueId,
  { name, module, layer }: LayerCall,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const [result] = builder.call({ name, role, module }, { x: nodes }, () =>
    builder.call({ name: 'row by row' }, { input: nodes }, (frame) => {
      const wide = frame.set('input', builder.linear(nodes, widen, 'widen'));
      const normed = frame.set('input', builder.layerNorm(wide, norm, 'layer norm'));
      const activated = frame.set('input', builder.activation('gelu', normed, 'activation', false));
      return [narrow === undefined ? activated : frame.set('input', builder.linear(activated, narrow, 'narrow'))];
    }),
  );
  return result!;
}

export type PointWiseMapperParameters = Pick<MapperParameters, 'embedSenders' | 'extract'>;

/** The mesh's rows are the grid's: the encoder embeds them, the decoder reads channels from them. */
export function declarePointWiseMapper(
  builder: ProgramBuilder,
  { module, senders, output }: MapperSpec,
): PointWiseMapperParameters {
  const name = 'embedSenders';
  const linear = { network: `${module}.${name}`, module, name, output: axis('hiddenDim') };
  return {
    ...(senders && { embedSenders: linearParameters(builder, { ...linear, input: senders }) }),
    ...(output && { extract: declareExtractor(builder, module, output) }),
  };
}

/** `[gridNodes, …] → [gridNodes, hiddenDim]`, or the output channels. */
export function runPointWiseMapper(
  builder: ProgramBuilder,
  { embedSenders, extract }: PointWiseMapperParameters,
  rows: { readonly senders: ValueId; readonly receivers: ValueId },
  { edges, recomputed }: { readonly edges: MapperEdges; readonly recomputed: boolean },
): ValueId {
  const { senders } = rows;
  const [result] = builder.call({ name: `${edges} mapper`, recomputed, holdsArguments: recomputed }, rows, () => [
    embedSenders === undefined
      ? extractChannels(builder, senders, extract!)
      : builder.linear(senders, embedSenders, 'embed senders'),
  ]);
  return result!;
}
