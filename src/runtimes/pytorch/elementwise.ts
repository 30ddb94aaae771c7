/**
 * Rules of the small operations that attention and gates are written in. Each backward formula allocates in the order of its
 * expression; the engine then sums and casts a gradient of another width or type than its input.
 * Sources: tools/autograd/derivatives.yaml, torch/csrc/autograd/FunctionsManual.cpp, aten/src/ATen/autocast_mode.cpp (torch 2.13).
 */
import type { OperationOf } from '../../ir/operations.js';
import type { Lowering } from './lowering.js';
import type { Tensor } from './tape.js';

const widest = (...tensors: readonly { readonly elementBytes: number }[]): number =>
  Math.max(...tensors.map(({ elementBytes }) => elementBytes));

/** Sum and difference keep nothing; both sides get the same gradient tensor (a difference's right side gets a negated copy). */
export function addOrSubtract(
  to: Lowering,
  { kind, left, right, output, inPlace }: OperationOf<'add' | 'subtract'>,
): void {
  const { pool } = to;
  const [a, b] = [to.tensor(left), to.tensor(right)];
  const node = to.fittingNode([a, b], (incoming) => [
    a.target && pool.share(incoming),
    b.target && (kind === 'add' ? pool.share(incoming) : pool.make(incoming.shape, incoming.elementBytes)),
  ]);
  if (inPlace) to.produceAlias(output, a, node);
  else to.produce(output, widest(a, b), node);
}

export function multiply(to: Lowering, { left, right, output }: OperationOf<'multiply'>): void {
  product(to, to.tensor(left), to.tensor(right), output);
}

/** As a product; the gradient of the weights is made at full width and then summed per head. */
export function headScale(to: Lowering, { input, weights, output }: OperationOf<'headScale'>): void {
  product(to, to.tensor(input), to.tensor(weights), output);
}

/** Keeps each factor if the other has a gradient. The right factor's gradient is made first (torch 2.13, MulBackward0::apply). */
function product(to: Lowering, a: Tensor, b: Tensor, output: number): void {
  const node = to.fittingNode([a, b], (incoming) => {
    const times = (factor: Tensor) => to.pool.make(incoming.shape, widest(incoming, factor));
    const ofRight = b.target && times(a);
    return [a.target && times(b), ofRight];
  });
  if (a.target) to.save(node, b);
  if (b.target) to.save(node, a);
  to.produce(output, widest(a, b), node);
}

/** The divisor's gradient, `−g · ((a / b) / b)`, comes first, then `g / b`. */
export function divide(to: Lowering, { left, right, output }: OperationOf<'divide'>): void {
  const { pool } = to;
  const [a, b] = [to.tensor(left), to.tensor(right)];
  const node = to.fittingNode([a, b], ({ shape, elementBytes }) => {
    const make = () => pool.make(shape, elementBytes);
    const [quotient, ratio, negated] = [make(), make(), make()];
    const divisorGradient = make();
    for (const part of [negated, ratio, quotient]) pool.release(part);
    return [make(), divisorGradient];
  });
  to.save(node, b, a);
  to.produce(output, widest(a, b), node);
}

/** `scale` makes a new gradient, `shift` hands its own on; neither keeps anything. */
export function withScalar(to: Lowering, { kind, input, output }: OperationOf<'scale' | 'shift'>): void {
  const x = to.tensor(input);
  const node = to.node([x.target], (incoming) => [
    kind === 'shift' ? to.pool.share(incoming) : to.pool.make(x.shape, x.elementBytes),
  ]);
  to.produce(output, x.elementBytes, node);
}

/** In autocast's fp32 list; keeps its result. */
export function exp(to: Lowering, { input, output }: OperationOf<'exp'>): void {
  const given = to.tensor(input);
  const x = to.autocast ? to.cast(given, 4) : given;
  const node = to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]);
  to.save(node, to.produce(output, x.elementBytes, node));
  to.releaseScratch(0);
}

/** fp32 in autocast, without a cast of the input. Its gradient is a broadcast view, written out only where its type must change. */
export function headSum(to: Lowering, { input, output }: OperationOf<'headSum'>): void {
  const x = to.tensor(input);
  const node = to.fittingNode([x], (incoming) => [to.pool.view(incoming, x.shape)]);
  to.produce(output, to.autocast ? 4 : x.elementBytes, node);
}

/** The bias' gradient is a sum over rows. */
export function addBias(to: Lowering, { input, bias, output }: OperationOf<'addBias'>): void {
  const [x, b] = [to.tensor(input), to.tensor(bias)];
  const node = to.fittingNode([x, b], (incoming) => [x.target && to.pool.share(incoming), to.pool.share(incoming)]);
  to.produce(output, widest(x, b), node);
}

/** Keeps its input: the gradient is its sign times the incoming one. */
export function absolute(to: Lowering, { input, output }: OperationOf<'absolute'>): void {
  const { pool } = to;
  const x = to.tensor(input);
  const node = to.node([x.target], () => {
    const sign = pool.make(x.shape, x.elementBytes);
    const gradient = pool.make(x.shape, x.elementBytes);
    pool.release(sign);
    return [gradient];
  });
  to.save(node, x);
  to.produce(output, x.elementBytes, node);
}

/** Its gradient is the incoming one, expanded without a copy. */
export function sum(to: Lowering, { input, output }: OperationOf<'sum'>): void {
  const x = to.tensor(input);
  const node = to.node([x.target], (incoming) => [to.pool.view(incoming, x.shape)]);
  to.produce(output, x.elementBytes, node);
}

/** Its gradient is divided, and so written out. */
export function mean(to: Lowering, { input, output }: OperationOf<'mean'>): void {
  const x = to.tensor(input);
  const node = to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]);
  to.produce(output, x.elementBytes, node);
}

export function zerosLike(to: Lowering, { input, output }: OperationOf<'zerosLike'>): void {
  to.produce(output, to.tensor(input).elementBytes, undefined);
}
