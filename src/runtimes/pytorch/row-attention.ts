/**
 * Attention of whole rows, as torch's flash and memory-efficient kernels lay it out (torch 2.13, aten/src/ATen/native/transformers): what
 * the forward pass keeps, three gradients in the backward pass. The kernels' own workspace (flash: an fp32 accumulator of the queries'
 * gradient) is not counted. Masks as anemoi makes them (anemoi-models 0.19.0, layers/attention.py, SDPAAttentionWrapper).
 */

import type { OperationOf } from '../../ir/operations.js';
import { inBlocksOf8, inBlocksOf32, offBlocksOf8 } from '../../ir/row-shapes.js';
import { axis, constant, int64Bytes, type Shape } from '../../ir/shape.js';
import type { Lowering } from './lowering.js';
import type { Tensor } from './tape.js';

const heads = axis('heads');
const booleanBytes = 1;

export function rowAttention(to: Lowering, operation: OperationOf<'rowAttention'>): void {
  const { pool } = to;
  const [q, k, v] = [operation.query, operation.key, operation.value].map((id) => to.tensor(id)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const bias = operation.mask === undefined ? [] : [biasOf(to, q, k)];
  const node = to.node(
    [q, k, v].map(({ target }) => target),
    () => [q, k, v].map((x) => pool.make(x.shape, x.elementBytes)),
  );
  const isFlash = operation.kernel === 'flash';
  const result = to.produce(operation.output, q.elementBytes, node);
  const kept = (shape: Shape, elementBytes: number) =>
    to.scratchTensor(to.recorder.allocate(shape, elementBytes), shape, elementBytes, undefined);
  const [rows, batch] = q.shape;
  const sums = isFlash ? rows! : axis(inBlocksOf32(rows!.symbol));
  // The memory-efficient kernel sums only where a backward pass will ask.
  const logSumExp = isFlash || node !== undefined ? [kept([sums, batch!, operation.heads ?? heads], 4)] : [];
  const seeds = (isFlash ? [2, 1] : [1, 1]).map((count) => kept([constant(count)], int64Bytes));
  to.save(node, ...bias, k, q, v, ...logSumExp, result, ...seeds);
  to.releaseScratch(0);
}

/** A number per pair, in the type of the queries. */
function biasOf(to: Lowering, q: Tensor, k: Tensor): Tensor {
  const { recorder } = to;
  const [queries, keys] = [q.shape[0]!, k.shape[0]!.symbol];
  const unaligned = recorder.allocate([queries, axis(offBlocksOf8(keys))], q.elementBytes);
  const shape = [queries, axis(inBlocksOf8(keys))];
  const aligned = recorder.allocate(shape, q.elementBytes);
  recorder.release(unaligned);
  return to.scratchTensor(aligned, shape, q.elementBytes, undefined);
}

/** Row and column numbers, twice a distance in 64 bits and its comparisons, and their union, which stays with the layer. */
export function attentionMask(to: Lowering, { queries, keys, output }: OperationOf<'attentionMask'>): void {
  to.produceOnce(output, () => {
    const { recorder } = to;
    // What is made on the way is larger than what is kept.
    recorder.countEveryStep();
    const [rows, columns] = [to.tensor(queries).shape[0]!, to.tensor(keys).shape[0]!];
    const pairs = [rows, columns];
    const numbers = [[constant(1)], [heads], [rows], [columns]].map((shape) => recorder.allocate(shape, int64Bytes));
    const sides = [0, 1].map(() => {
      const isThatSide = recorder.allocate(pairs, booleanBytes);
      const difference = recorder.allocate(pairs, int64Bytes);
      const distance = recorder.allocate(pairs, int64Bytes);
      recorder.release(difference);
      const isNear = recorder.allocate(pairs, booleanBytes);
      recorder.release(distance);
      const otherwise = recorder.allocate([constant(1)], booleanBytes);
      const side = recorder.allocate(pairs, booleanBytes);
      for (const storage of [otherwise, isThatSide, isNear]) recorder.release(storage);
      return side;
    });
    const either = recorder.allocate(pairs, booleanBytes);
    for (const storage of [...sides, ...numbers]) recorder.release(storage);
    return { storage: either, shape: pairs, elementBytes: booleanBytes, target: undefined };
  });
}

/** What is drawn or filled is multiplied into a second array. */
export function generate(to: Lowering, { what, output }: OperationOf<'generate'>): void {
  const drawn = what === 'zeros' ? undefined : to.recorder.allocate(to.shapeOf(output), 4);
  to.produce(output, 4, undefined);
  if (drawn !== undefined) to.recorder.release(drawn);
}
