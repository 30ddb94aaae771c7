/** anemoi's transformer mappers between grid and mesh, without edges (anemoi-models 0.19.0, layers/mapper.py): one checkpoint, no chunks. */
import type { ProgramBuilder } from '../../ir/builder.js';
import { type Axis, axis } from '../../ir/shape.js';
import type { LinearParameters, ValueId } from '../../ir/types.js';
import { linearParameters } from '../layers/mlp.js';
import { declareExtractor, extractChannels, type MapperParameters, type MapperSpec } from './mapper.js';
import {
  type Attending,
  type RowMapperParameters,
  rowMapperParameters,
  rowTransformerMapper,
} from './row-transformer.js';

export interface TransformerMapperParameters {
  readonly block: RowMapperParameters;
  readonly embedReceivers: LinearParameters;
  readonly embedSenders?: LinearParameters;
  readonly extract?: MapperParameters['extract'];
}

export function declareTransformerMapper(builder: ProgramBuilder, spec: MapperSpec): TransformerMapperParameters {
  const { module, hiddenLayers } = spec;
  const block = rowMapperParameters(builder, { network: `${module}.block`, module, hiddenLayers, qkNorm: false });
  const linear = (name: string, input: Axis) =>
    linearParameters(builder, { network: `${module}.${name}`, module, name, input, output: axis('hiddenDim') });
  const embedReceivers = linear('embedReceivers', spec.receivers);
  const embedSenders = spec.senders && linear('embedSenders', spec.senders);
  const extract = spec.output && declareExtractor(builder, module, spec.output);
  return { block, embedReceivers, ...(embedSenders && { embedSenders }), ...(extract && { extract }) };
}

/** → `[receivers, hiddenDim]`, or the output channels where the mapper extracts them */
export function runTransformerMapper(
  builder: ProgramBuilder,
  { block, embedSenders, embedReceivers, extract }: TransformerMapperParameters,
  { senders, receivers }: { readonly senders: ValueId; readonly receivers: ValueId },
  { name, recomputed, how }: { readonly name: string; readonly recomputed: boolean; readonly how: Attending },
): ValueId {
  const [result] = builder.call({ name, recomputed }, { senders, receivers }, (frame) => {
    const from = embedSenders === undefined ? senders : builder.linear(senders, embedSenders, 'embed senders');
    frame.set('from', from);
    const to = frame.set('to', builder.linear(receivers, embedReceivers, 'embed receivers'));
    const [newFrom, newTo] = rowTransformerMapper(builder, block, { senders: from, receivers: to }, how);
    frame.set('from', newFrom!);
    frame.set('to', newTo!);
    return [extract === undefined ? newTo! : frame.set('to', extractChannels(builder, newTo!, extract))];
  });
  return result!;
}
