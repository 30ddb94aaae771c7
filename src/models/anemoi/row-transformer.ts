/**
 * anemoi's transformer blocks over the rows of one or two node sets, edges unread (anemoi-models 0.19.0, layers/block.py
 * TransformerProcessorBlock and TransformerMapperBlock, layers/attention.py).
 */
import type { Precision } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { OperationOf } from '../../ir/operations.js';
import { type Axis, axis } from '../../ir/shape.js';
import type { LinearParameters, Module, ValueId } from '../../ir/types.js';
import { type HeadNorms, headNormParameters, normalizeHeads } from '../layers/head-norms.js';
import { callMlp, linearParameters, type MlpParameters, mlpParameters } from '../layers/mlp.js';
import { type Norm, normalized, normParameters } from '../layers/norm.js';
import type { LayerCall } from '../layers/transformer.js';
import { type NetworkOptions, noWindow } from './options.js';
import { ownHeads, toHeads, toRows } from './sharding.js';

interface AttentionParameters {
  readonly query: LinearParameters;
  readonly key: LinearParameters;
  readonly value: LinearParameters;
  readonly projection: LinearParameters;
  readonly headNorms?: HeadNorms;
}

export interface RowTransformerParameters {
  readonly attentionNorm: Norm;
  readonly mlpNorm: Norm;
  readonly attention: AttentionParameters;
  readonly mlp: MlpParameters;
}

export interface RowMapperParameters extends Pick<RowTransformerParameters, 'attention' | 'mlp' | 'mlpNorm'> {
  readonly senderNorm: Norm;
  readonly receiverNorm: Norm;
}

interface BlockSpec {
  readonly network: string;
  readonly module: Module;
  readonly hiddenLayers: number;
  readonly qkNorm: boolean;
  /** Width of the condition of its norms. */
  readonly condition?: Axis;
}

function attentionParameters(
  builder: ProgramBuilder,
  { network, module, qkNorm }: Pick<BlockSpec, 'network' | 'module' | 'qkNorm'>,
): AttentionParameters {
  const H = axis('hiddenDim');
  const linear = (name: string, bias: boolean) =>
    linearParameters(builder, { network, module, name, input: H, output: H, bias });
  const projected = { query: linear('query', false), key: linear('key', false), value: linear('value', false) };
  const projection = linear('projection', true);
  if (!qkNorm) return { ...projected, projection };
  return { ...projected, projection, headNorms: headNormParameters(builder, network, module) };
}

const mlpOf = (builder: ProgramBuilder, { network, module, hiddenLayers }: BlockSpec): MlpParameters =>
  mlpParameters(builder, {
    network,
    module,
    input: axis('hiddenDim'),
    output: axis('hiddenDim'),
    hidden: axis('mlpHiddenDim'),
    hiddenLayers,
    layerNorm: false,
  });

/** In the order in which the block's constructor makes them. */
export function rowTransformerParameters(builder: ProgramBuilder, spec: BlockSpec): RowTransformerParameters {
  const attentionNorm = normParameters(builder, { ...spec, name: 'attentionNorm' });
  const mlpNorm = normParameters(builder, { ...spec, name: 'mlpNorm' });
  return { attentionNorm, mlpNorm, attention: attentionParameters(builder, spec), mlp: mlpOf(builder, spec) };
}

/** The block inherits the processor's two norms and reads neither. */
export function rowMapperParameters(builder: ProgramBuilder, spec: BlockSpec): RowMapperParameters {
  const norm = (name: string, used = true) => normParameters(builder, { ...spec, name, used });
  for (const name of ['unread attentionNorm', 'unread mlpNorm']) norm(name, false);
  const attention = attentionParameters(builder, spec);
  const mlp = mlpOf(builder, spec);
  const senderNorm = norm('senderNorm');
  const receiverNorm = norm('receiverNorm');
  return { attention, mlp, senderNorm, receiverNorm, mlpNorm: norm('mlpNorm') };
}

export interface Attending {
  readonly kernel: OperationOf<'rowAttention'>['kernel'];
  readonly hasMask: boolean;
  /** How many rows a row looks at, where a window says it. */
  readonly attended?: Axis;
  /** Each of which attends over all rows with its own heads. */
  readonly cards: number;
}

export type AttendingPart = 'processor' | 'grid2mesh' | 'mesh2grid';

/** The symbol of how many rows a row with a window looks at. */
export const rowsInWindow = (part: AttendingPart): string => `${part}RowsInWindow`;

/** SDPA takes flash where there is no mask and the numbers are short; a window makes it a mask. */
export function attending(
  options: NetworkOptions,
  part: AttendingPart,
  precision: Precision,
  cards: number,
): Attending {
  const { attentionImplementation, windowSize, mapperWindowSize } = options;
  const hasWindow = (part === 'processor' ? windowSize : mapperWindowSize) !== noWindow;
  const hasMask = attentionImplementation === 'sdpa' && hasWindow;
  const isFlash = attentionImplementation === 'flash' || (!hasMask && precision !== 'fp32');
  const kernel = isFlash ? 'flash' : 'memory-efficient';
  return { kernel, hasMask, ...(hasWindow && { attended: axis(rowsInWindow(part)) }), cards };
}

interface Rows {
  /** Normalized; the same value in a processor. */
  readonly senders: ValueId;
  readonly receivers: ValueId;
}

/** `[receivers, hiddenDim]`. torch's Module calls hold the arguments until they have returned. */
function attend(builder: ProgramBuilder, parameters: AttentionParameters, rows: Rows, how: Attending): ValueId {
  const { senders, receivers } = rows;
  const args = senders === receivers ? { rows: senders } : { senders, receivers };
  const [result] = builder.call({ name: 'attention call' }, args, () =>
    builder.call({ name: 'attention' }, args, (frame) => {
      const query = frame.set('query', builder.linear(receivers, parameters.query, 'query'));
      const key = frame.set('key', builder.linear(senders, parameters.key, 'key'));
      const value = frame.set('value', builder.linear(senders, parameters.value, 'value'));
      return attendAndProject(builder, parameters, { query, key, value }, how);
    }),
  );
  return result!;
}

interface Projected {
  readonly query: ValueId;
  readonly key: ValueId;
  readonly value: ValueId;
}

function attendAndProject(
  builder: ProgramBuilder,
  { headNorms, projection }: AttentionParameters,
  projected: Projected,
  { kernel, hasMask, attended: inWindow, cards }: Attending,
): readonly ValueId[] {
  return builder.call({ name: 'attention computation' }, { ...projected }, (frame) => {
    const rowsOf = (id: ValueId) => builder.values[id]!.shape;
    const local = (name: keyof Projected) => frame.locals.get(name)!;
    const heads = cards === 1 ? axis('heads') : ownHeads;
    const receiverRows = rowsOf(projected.query)[0]!.symbol;
    if (cards > 1) {
      const shared = (name: keyof Projected) =>
        toHeads(builder, projected[name], { rows: rowsOf(projected[name])[0]!.symbol, cards });
      frame.set('query', shared('query'));
      const [key, value] = [shared('key'), shared('value')];
      frame.set('key', key);
      frame.set('value', value);
    }
    if (headNorms !== undefined) normalizeHeads(builder, frame, headNorms, cards === 1, heads);
    const [query, key, value] = (['query', 'key', 'value'] as const).map(local) as [ValueId, ValueId, ValueId];
    const pairs = [rowsOf(query)[0]!, rowsOf(key)[0]!];
    const mask = hasMask
      ? { mask: builder.emit(pairs, 'attention mask', { kind: 'attentionMask', queries: query, keys: key }) }
      : {};
    const attended = inWindow ?? pairs[1]!;
    const operation = { kind: 'rowAttention', query, key, value, kernel, attended, ...mask, heads } as const;
    frame.set('out', builder.emit(rowsOf(query), 'attention', operation));
    if (cards > 1) frame.set('out', toRows(builder, frame.locals.get('out')!, { rows: receiverRows, cards }));
    // Queries that come out of their norm lie head by head, and so does what flash makes; the other kernel lays its result out row by row.
    // What comes from other cards lies head by head.
    if (cards > 1 || (headNorms !== undefined && kernel === 'flash')) {
      const input = frame.locals.get('out')!;
      frame.set('out', builder.emit(rowsOf(input), 'row by row again', { kind: 'copy', input }));
    }
    return [frame.set('out', builder.linear(frame.locals.get('out')!, projection, 'projection'))];
  });
}

const mlpCall = { of: 'nodes', activation: 'gelu', recomputeActivation: false } as const;

/** `[nodes, hiddenDim] → [nodes, hiddenDim]` */
export function rowTransformerLayer(
  builder: ProgramBuilder,
  parameters: RowTransformerParameters,
  { nodes, condition }: { readonly nodes: ValueId; readonly condition?: ValueId },
  how: Attending,
  { name, module, layer }: LayerCall,
): ValueId {
  const role = { kind: 'nodeBlock', edgeSet: 'mesh', layer } as const;
  const args = { x: nodes, ...(condition !== undefined && { condition }) };
  const [result] = builder.call({ name, role, module }, args, (frame) => {
    const { attentionNorm, mlpNorm, attention, mlp } = parameters;
    const before = normalized(builder, attentionNorm, nodes, 'layer norm before attention', condition);
    const attended = attend(builder, attention, { senders: before, receivers: before }, how);
    const x = frame.set('x', builder.add(nodes, attended, 'attention residual'));
    const normed = normalized(builder, mlpNorm, x, 'layer norm before MLP', condition);
    return [frame.set('x', builder.add(x, callMlp(builder, mlp, normed, mlpCall), 'MLP residual'))];
  });
  return result!;
}

/** Senders and receivers, embedded → the senders' norm and the receivers; the residual goes around the receivers' norm. */
export function rowTransformerMapper(
  builder: ProgramBuilder,
  parameters: RowMapperParameters,
  rows: Rows,
  how: Attending,
): readonly ValueId[] {
  return builder.call({ name: 'mapper block' }, { ...rows }, (frame) => {
    const { senderNorm, receiverNorm, mlpNorm, attention, mlp } = parameters;
    const senders = frame.set('from', normalized(builder, senderNorm, rows.senders, 'layer norm of senders'));
    const receivers = frame.set('to', normalized(builder, receiverNorm, rows.receivers, 'layer norm of receivers'));
    const attended = attend(builder, attention, { senders, receivers }, how);
    const to = frame.set('to', builder.add(receivers, attended, 'attention residual'));
    const normed = normalized(builder, mlpNorm, to, 'layer norm before MLP');
    const out = frame.set('to', builder.add(to, callMlp(builder, mlp, normed, mlpCall), 'MLP residual'));
    return [senders, out];
  });
}
