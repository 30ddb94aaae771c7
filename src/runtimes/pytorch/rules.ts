/**
 * One rule per operation: what it allocates, what autograd keeps of it, what its backward allocates. Autocast's casts follow the
 * CUDA lists: linear → 16 bit, layer_norm → fp32, the others → the widest input.
 * Sources: tools/autograd/derivatives.yaml, aten/src/ATen/autocast_mode.cpp (torch 2.13).
 */
import { InputError } from '../../errors.js';
import type { Operation, OperationKind, OperationOf } from '../../ir/operations.js';
import type { Axis, Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { collective } from './collectives.js';
import {
  absolute,
  addBias,
  addOrSubtract,
  divide,
  exp,
  headScale,
  headSum,
  mean,
  multiply,
  sum,
  withScalar,
  zerosLike,
} from './elementwise.js';
import { graphAttention, integers } from './graph-attention.js';
import { addColumns, copy, empty, expand, expandAxis, repeat, selectColumns, slice, write } from './in-place.js';
import { lowerLoss } from './loss.js';
import type { Lowering } from './lowering.js';
import { attentionMask, generate, rowAttention } from './row-attention.js';
import type { Gradient, Tensor } from './tape.js';

type Rules = {
  readonly [Kind in OperationKind]?: (to: Lowering, operation: OperationOf<Kind>) => void;
};

const rules: Rules = {
  linear,
  activation,
  layerNorm,
  normalize,
  gather: rowsToRows,
  segmentSum: rowsToRows,
  segmentMax: rowsToRows,
  concat,
  add: addOrSubtract,
  subtract: addOrSubtract,
  multiply,
  divide,
  scale: withScalar,
  shift: withScalar,
  exp,
  absolute,
  sum,
  mean,
  expandAxis,
  selectColumns,
  zerosLike,
  headSum,
  headScale,
  addBias,
  graphAttention,
  rowAttention,
  attentionMask,
  generate,
  integers,
  slice,
  copy,
  repeat,
  expand,
  empty,
  write,
  addColumns,
  collective,
  gatherAdd,
  loss: lowerLoss,
};

export function lower(to: Lowering, operation: Operation): void {
  const rule = rules[operation.kind] as ((to: Lowering, operation: Operation) => void) | undefined;
  if (rule === undefined)
    throw new InputError('not-in-pytorch', `PyTorch has no rule for the operation ${operation.kind}.`, [
      '--runtime jax',
    ]);
  rule(to, operation);
}

/**
 * Keeps its input, as autocast hands it over, and its weight where the input needs a gradient. The weight's gradient arrives as a
 * transposed view and the bias's as a sum in another shape, neither of which the engine adds to in place. Without a bias it is
 * another kernel (mm, not addmm), which makes the weight's gradient first.
 */
function linear(to: Lowering, { input, weight, bias, output }: OperationOf<'linear'>): void {
  const { pool } = to;
  const b = bias === undefined ? undefined : to.autocastParameter(bias);
  const w = to.autocastParameter(weight);
  const given = to.tensor(input);
  if (given.activationOf !== undefined) {
    activationAndLinear(to, given.activationOf, w, b, output);
    return;
  }
  const x = to.autocast ? to.cast(given, 2) : given;
  const inputGradient = () => x.target && pool.make(x.shape, x.elementBytes);
  const weightGradient = () => pool.makeView(w.shape, x.elementBytes);
  const node =
    b === undefined
      ? to.node([x.target, w.target], () => {
          const first = weightGradient();
          return [inputGradient(), first];
        })
      : to.node(
          [b.target, x.target, w.target],
          (incoming) => [pool.share(incoming), inputGradient(), weightGradient()],
          [b.shape],
        );
  to.save(node, x);
  if (x.target !== undefined) to.save(node, w);
  to.produce(output, x.elementBytes, node);
  to.releaseScratch(0);
}

/** recompute_activation: one function keeps the activation's input `x` and recomputes the activation in the backward pass. */
function activationAndLinear(to: Lowering, x: Tensor, w: Tensor, b: Tensor | undefined, output: ValueId): void {
  const { pool } = to;
  const node = to.node([x.target, w.target, b?.target], () => {
    const biasGradient = b && pool.make(b.shape, x.elementBytes);
    const again = pool.make(x.shape, x.elementBytes);
    const weightGradient = pool.make(w.shape, x.elementBytes);
    const scratch = [again, pool.make(x.shape, x.elementBytes), pool.make(x.shape, x.elementBytes)];
    const inputGradient = pool.make(x.shape, x.elementBytes);
    for (const gradient of scratch) pool.release(gradient);
    return [inputGradient, weightGradient, biasGradient];
  });
  to.produceInCustomFunction(output, x.elementBytes, node);
  to.save(node, x, w);
  to.releaseScratch(0);
}

/** Functions whose derivative PyTorch computes from the result. */
const keepsResult: ReadonlySet<OperationOf<'activation'>['function']> = new Set(['relu', 'sigmoid']);

function activation(to: Lowering, { function: name, input, output, recomputed }: OperationOf<'activation'>): void {
  const x = to.tensor(input);
  if (recomputed) {
    to.hold(x);
    to.produce(output, x.elementBytes, undefined, x);
    return;
  }
  const node = to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]);
  if (!keepsResult.has(name)) to.save(node, x);
  const result = to.produce(output, x.elementBytes, node);
  if (keepsResult.has(name)) to.save(node, result);
}

function layerNorm(to: Lowering, { scale, offset, ...norm }: OperationOf<'layerNorm'>): void {
  normed(to, norm, [scale, offset]);
}

function normalize(to: Lowering, { scale, ...norm }: OperationOf<'normalize'>): void {
  normed(to, norm, scale === undefined ? [] : [scale]);
}

/** fp32 in autocast; keeps its input and fp32 mean and reciprocal deviation per row, or per part of a row. */
function normed(
  to: Lowering,
  { input, output, keepsType, parts }: Pick<OperationOf<'normalize'>, 'input' | 'output' | 'keepsType' | 'parts'>,
  affine: readonly ValueId[],
): void {
  const { pool, recorder } = to;
  const given = to.tensor(input);
  const x = to.autocast ? to.cast(given, 4) : given;
  const trained = [x, ...affine.map((id) => to.tensor(id))];
  const node = to.node(
    trained.map(({ target }) => target),
    () => trained.map(({ shape, elementBytes }) => pool.make(shape, elementBytes)),
  );
  to.save(node, x);
  const castsBack = keepsType && given.elementBytes !== x.elementBytes;
  const wide = castsBack ? to.scratchTensor(recorder.allocate(x.shape, 4), x.shape, 4, node) : undefined;
  if (wide === undefined) to.produce(output, x.elementBytes, node);
  const rows = to.statisticsShape(x.shape, parts);
  const mean = to.scratchTensor(recorder.allocate(rows, 4), rows, 4, undefined);
  const deviation = to.scratchTensor(recorder.allocate(rows, 4), rows, 4, undefined);
  to.save(node, mean, deviation);
  if (wide !== undefined) recorder.retain(wide.storage);
  to.releaseScratch(0);
  if (wide === undefined) return;
  const back = to.node([wide.target], () => [pool.make(x.shape, x.elementBytes)]);
  to.produce(output, given.elementBytes, back);
  recorder.release(wide.storage);
}

/**
 * Indexing keeps its index only, a view of the graph's edge list; its backward adds into zeros of the node rows. scatter_add_
 * into zeros keeps the same; its backward gathers.
 */
function rowsToRows(to: Lowering, operation: OperationOf<'gather' | 'segmentSum' | 'segmentMax'>): void {
  const { input, output, endpoints } = operation;
  const x = to.tensor(input);
  const flows = operation.kind !== 'segmentMax';
  const node = flows ? to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]) : undefined;
  if (endpoints.index !== undefined) to.save(node, to.tensor(endpoints.index));
  to.produce(output, x.elementBytes, node);
}

/** Keeps nothing; its backward hands out narrow views of the incoming gradient. */
function concat(to: Lowering, { inputs, output }: OperationOf<'concat'>): void {
  const tensors = inputs.map((id) => to.tensor(id));
  const elementBytes = Math.max(...tensors.map((tensor) => tensor.elementBytes));
  const targets = tensors.map(({ target }) => target);
  // Joined along rows, a part is one piece of the gradient's memory.
  const whole = (incoming: Gradient, shape: Shape) => sameAxis(incoming.shape.at(-1)!, shape.at(-1)!);
  const node = to.node(targets, (incoming) =>
    tensors.map(({ target, shape }) => target && to.pool.view(incoming, shape, whole(incoming, shape))),
  );
  to.produce(output, elementBytes, node);
}

const sameAxis = (a: Axis, b: Axis): boolean => a.symbol === b.symbol && a.factor === b.factor;

function gatherAdd(to: Lowering, { edges, senders, receivers, output }: OperationOf<'gatherAdd'>): void {
  const [e, s, r] = [to.tensor(edges), to.tensor(senders), to.tensor(receivers)];
  const node = to.node([e.target, s.target, r.target], (incoming) => [
    to.pool.share(incoming),
    to.pool.make(s.shape, s.elementBytes),
    to.pool.make(r.shape, r.elementBytes),
  ]);
  to.produceInCustomFunction(output, e.elementBytes, node);
}
