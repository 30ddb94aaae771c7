/**
 * One rule per operation: what it allocates, what autograd keeps of it, what its backward allocates. Autocast's casts follow the
 * CUDA lists: linear → 16 bit, layer_norm → fp32, the others → the widest input.
 * Sources: tools/autograd/derivatives.yaml, aten/src/ATen/autocast_mode.cpp (torch 2.13).
 */
import type {
  Activation,
  Concat,
  Gather,
  GatherAdd,
  LayerNorm,
  Linear,
  Operation,
  SegmentSum,
  ValueId,
} from '../../program/types.js';
import { lowerLoss } from './loss.js';
import type { Lowering } from './lowering.js';
import type { Tensor } from './tape.js';

export function lower(to: Lowering, operation: Operation): void {
  switch (operation.kind) {
    case 'linear':
      linear(to, operation);
      break;
    case 'activation':
      activation(to, operation);
      break;
    case 'layerNorm':
      layerNorm(to, operation);
      break;
    case 'gather':
    case 'segmentSum':
      rowsToRows(to, operation);
      break;
    case 'concat':
      concat(to, operation);
      break;
    case 'add':
      add(to, operation.left, operation.right, operation.output);
      break;
    case 'gatherAdd':
      gatherAdd(to, operation);
      break;
    case 'loss':
      lowerLoss(to, operation);
      break;
    default:
      throw new Error(`no PyTorch rule for ${operation.kind}`);
  }
}

/**
 * Keeps its input and its weight, as autocast hands them to it. The weight's gradient arrives as a transposed view and the bias's
 * as a reshaped one.
 */
function linear(to: Lowering, { input, weight, bias, output }: Linear): void {
  const { pool } = to;
  const b = bias === undefined ? undefined : to.autocastParameter(bias);
  const w = to.autocastParameter(weight);
  const given = to.tensor(input);
  if (given.activationOf !== undefined) {
    activationAndLinear(to, given.activationOf, w, b, output);
    return;
  }
  const x = to.autocast ? to.cast(given, 2) : given;
  const node = to.node([x.target, w.target, b?.target], () => [
    x.target && pool.make(x.shape, x.elementBytes),
    pool.makeView(w.shape, x.elementBytes),
    b && pool.makeView(b.shape, x.elementBytes),
  ]);
  to.save(node, x, w);
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

function activation(to: Lowering, { input, output, recomputed }: Activation): void {
  const x = to.tensor(input);
  if (recomputed) {
    to.hold(x);
    to.produce(output, x.elementBytes, undefined, x);
    return;
  }
  const node = to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]);
  to.save(node, x);
  to.produce(output, x.elementBytes, node);
}

/** fp32 in autocast; keeps its input and fp32 mean and reciprocal deviation per row. */
function layerNorm(to: Lowering, { input, scale, offset, output }: LayerNorm): void {
  const { pool, recorder } = to;
  const given = to.tensor(input);
  const x = to.autocast ? to.cast(given, 4) : given;
  const gamma = to.tensor(scale);
  const beta = to.tensor(offset);
  const node = to.node([x.target, gamma.target, beta.target], () => [
    pool.make(x.shape, x.elementBytes),
    pool.make(gamma.shape, gamma.elementBytes),
    pool.make(beta.shape, beta.elementBytes),
  ]);
  to.save(node, x);
  to.produce(output, x.elementBytes, node);
  const rows = to.statisticsShape(x.shape);
  const mean = to.scratchTensor(recorder.allocate(rows, 4), rows, 4, undefined);
  const deviation = to.scratchTensor(recorder.allocate(rows, 4), rows, 4, undefined);
  to.save(node, mean, deviation);
  to.releaseScratch(0);
}

/**
 * Indexing keeps its index only, a view of the graph's edge list; its backward adds into zeros of the node rows. scatter_add_
 * into zeros keeps the same; its backward gathers.
 */
function rowsToRows(to: Lowering, { input, output }: Gather | SegmentSum): void {
  const x = to.tensor(input);
  const node = to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]);
  to.produce(output, x.elementBytes, node);
}

/** Keeps nothing; its backward hands out narrow views of the incoming gradient. */
function concat(to: Lowering, { inputs, output }: Concat): void {
  const tensors = inputs.map((id) => to.tensor(id));
  const elementBytes = Math.max(...tensors.map((tensor) => tensor.elementBytes));
  const targets = tensors.map(({ target }) => target);
  const node = to.node(targets, (incoming) =>
    tensors.map(({ target, shape }) => target && to.pool.view(incoming, shape)),
  );
  to.produce(output, elementBytes, node);
}

/** Keeps nothing; both sides get the same gradient tensor. */
function add(to: Lowering, left: ValueId, right: ValueId, output: ValueId): void {
  const a = to.tensor(left);
  const b = to.tensor(right);
  const node = to.node([a.target, b.target], (incoming) => [
    a.target && to.pool.share(incoming),
    b.target && to.pool.share(incoming),
  ]);
  to.produce(output, Math.max(a.elementBytes, b.elementBytes), node);
}

function gatherAdd(to: Lowering, { edges, senders, receivers, output }: GatherAdd): void {
  const [e, s, r] = [to.tensor(edges), to.tensor(senders), to.tensor(receivers)];
  const node = to.node([e.target, s.target, r.target], (incoming) => [
    to.pool.share(incoming),
    to.pool.make(s.shape, s.elementBytes),
    to.pool.make(r.shape, r.elementBytes),
  ]);
  to.produceInCustomFunction(output, e.elementBytes, node);
}
