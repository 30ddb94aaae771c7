/**
 * What the cards of one model hand each other, as anemoi-models 0.19.0 writes it (distributed/graph.py, distributed/primitives.py): custom
 * autograd functions that keep nothing. NCCL's own buffers are not counted.
 */
import type { OperationOf } from '../../ir/operations.js';
import { int64Bytes, type Shape } from '../../ir/shape.js';
import type { Lowering } from './lowering.js';
import type { Gradient, GradientPool, Tensor } from './tape.js';

type Collective = OperationOf<'collective'>;
type Pattern = (to: Lowering, operation: Collective, x: Tensor) => void;

const patterns: Readonly<Record<Collective['pattern'], Pattern>> = { cut, gather, transpose, halo };

export function collective(to: Lowering, operation: Collective): void {
  patterns[operation.pattern](to, operation, to.tensor(operation.input));
}

/** A view of the rows, whose gradient is gathered, or written into an array of all rows. */
function cut(to: Lowering, { output, backward }: Collective, x: Tensor): void {
  const node = to.node([x.target], (incoming) => [gathered(to.pool, incoming, backward.received, x)]);
  to.produceAlias(output, x, node);
}

/** Pieces of unequal size come one by one and are joined; of equal ones, NCCL fills the result at once. */
function gather(to: Lowering, { output, forward }: Collective, x: Tensor): void {
  const node = to.node([x.target], (incoming) => {
    const summed = summedOverCards(to.pool, incoming);
    const own = to.pool.view(summed, x.shape, true);
    to.pool.release(summed);
    return [own];
  });
  exchange(to, forward.received, x, () => to.produceInCustomFunction(output, x.elementBytes, node));
}

/** Copies for every card, what every card sends, and the whole of it, all alive for a moment; the same on the way back. */
function transpose(to: Lowering, { output, forward, backward }: Collective, x: Tensor): void {
  const { pool } = to;
  const node = to.node([x.target], () => {
    const pieces = [...backward.sent, ...backward.received].map((shape) => pool.make(shape, x.elementBytes));
    const whole = pool.make(x.shape, x.elementBytes);
    for (const piece of pieces) pool.release(piece);
    return [whole];
  });
  const shapes = [...forward.sent, ...forward.received];
  exchange(to, shapes, x, () => to.produceInCustomFunction(output, x.elementBytes, node));
}

/** The gradients of rows that were sent come back and are added to a copy of the own rows' gradient. */
function halo(to: Lowering, { output, forward, backward }: Collective, x: Tensor): void {
  const { pool } = to;
  const node = to.node([x.target], () => {
    const own = pool.make(x.shape, x.elementBytes);
    const received = backward.received.map((shape) => pool.make(shape, x.elementBytes));
    const joined = backward.joined ?? [];
    const added = [pool.make(joined, x.elementBytes), pool.make(joined.slice(0, 2), int64Bytes)];
    for (const gradient of [...added, ...received.toReversed()]) pool.release(gradient);
    return [own];
  });
  const shapes = [...forward.sent, ...forward.received];
  exchange(to, shapes, x, () => to.produceInCustomFunction(output, x.elementBytes, node));
}

/** `produce` while the pieces are there. */
function exchange({ recorder }: Lowering, pieces: readonly Shape[], x: Tensor, produce: () => void): void {
  const storages = pieces.map((shape) => recorder.allocate(shape, x.elementBytes));
  produce();
  for (const storage of storages.toReversed()) recorder.release(storage);
}

/** A slice of a wider gradient is copied before it is sent. */
function gathered(pool: GradientPool, incoming: Gradient, pieces: readonly Shape[], whole: Tensor): Gradient {
  const copy = incoming.dense ? undefined : pool.make(incoming.shape, incoming.elementBytes);
  const received = pieces.map((shape) => pool.make(shape, incoming.elementBytes));
  const joined = pool.make(whole.shape, incoming.elementBytes);
  for (const piece of received.toReversed()) pool.release(piece);
  if (copy !== undefined) pool.release(copy);
  return joined;
}

/** In fp32: a gradient of 16 bits is cast there and back. The caller releases it. */
function summedOverCards(pool: GradientPool, incoming: Gradient): Gradient {
  if (incoming.elementBytes === 4) return pool.share(incoming);
  const wide = pool.make(incoming.shape, 4);
  const summed = pool.make(incoming.shape, incoming.elementBytes);
  pool.release(wide);
  return summed;
}
