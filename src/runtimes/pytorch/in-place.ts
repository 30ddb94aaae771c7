/**
 * Rules of views, copies and in-place writes: handles on memory that is there already.
 * Sources: tools/autograd/derivatives.yaml, torch/csrc/autograd/functions/tensor.cpp (torch 2.13).
 */

import type { OperationOf } from '../../ir/operations.js';
import { axis, int64Bytes } from '../../ir/shape.js';
import type { Lowering } from './lowering.js';

/** slice_backward writes the gradient into zeros of the whole; split's joins it with zeros for the other part. */
export function slice(to: Lowering, { input, output, rest }: OperationOf<'slice'>): void {
  const { pool } = to;
  const x = to.tensor(input);
  const node = to.node([x.target], () => {
    const zeros = rest && pool.make([axis(rest), ...x.shape.slice(1)], x.elementBytes);
    const whole = pool.make(x.shape, x.elementBytes);
    if (zeros) pool.release(zeros);
    return [whole];
  });
  to.produceAlias(output, x, node);
}

/** Its gradient is the sum over the axis that it adds. */
export function expandAxis(to: Lowering, { input, output }: OperationOf<'expandAxis'>): void {
  const x = to.tensor(input);
  const node = to.node([x.target], () => [to.pool.make(x.shape, x.elementBytes)]);
  to.produceAlias(output, x, node);
}

/**
 * Keeps the numbers of the columns. index_put with accumulation: zeros of the whole, a contiguous copy of what is written, and sorted numbers.
 */
export function selectColumns(to: Lowering, { input, output }: OperationOf<'selectColumns'>): void {
  const { pool, recorder } = to;
  const x = to.tensor(input);
  const shape = to.shapeOf(output);
  const columns = [shape[2]!];
  const numbers = to.scratchTensor(recorder.allocate(columns, int64Bytes), columns, int64Bytes, undefined);
  const node = to.node([x.target], () => {
    const whole = pool.make(x.shape, x.elementBytes);
    const scratch = [pool.make(columns, int64Bytes), pool.make(shape, x.elementBytes)];
    // Sorted numbers, their order, a range, and twice as many for the sort.
    for (const factor of [1, 1, 1, 2]) scratch.push(pool.make([{ ...columns[0]!, factor }], int64Bytes));
    for (const each of scratch) pool.release(each);
    return [whole];
  });
  to.save(node, numbers);
  to.produce(output, x.elementBytes, node);
  to.releaseScratch(0);
}

/** A cast first where the type changes, then the copy, whose gradient is the incoming one. */
export function copy(to: Lowering, { input, like, output, ofSeveralSamples }: OperationOf<'copy'>): void {
  const given = to.tensor(input);
  const x = like === undefined ? given : to.cast(given, to.tensor(like).elementBytes);
  const node = to.node([x.target], (incoming) => [to.pool.share(incoming)]);
  if (ofSeveralSamples && !to.hasSeveralSamples) to.produceAlias(output, x, node);
  else to.produce(output, x.elementBytes, node);
  to.releaseScratch(0);
}

/** The gradient is a view of the incoming one: summed over samples, or copied by the accumulator where there is one sample. */
export function repeat(to: Lowering, { input, output }: OperationOf<'repeat'>): void {
  const x = to.tensor(input);
  const node = to.node([x.target], (incoming) => [to.pool.view(incoming, x.shape, false)]);
  to.produce(output, x.elementBytes, node);
}

/** Summed over samples; one sample's gradient has the shape already (ExpandBackward0: sum_to). */
export function expand(to: Lowering, { input, output, copies = false }: OperationOf<'expand'>): void {
  const { pool } = to;
  const x = to.tensor(input);
  const node = to.node([x.target], (incoming) => [
    to.hasSeveralSamples ? pool.make(x.shape, incoming.elementBytes) : pool.share(incoming),
  ]);
  if (copies && to.hasSeveralSamples) to.produce(output, x.elementBytes, node);
  else to.produceAlias(output, x, node);
}

export function empty(to: Lowering, { like, output }: OperationOf<'empty'>): void {
  to.produce(output, to.autocast ? 2 : to.tensor(like).elementBytes, undefined);
}

/**
 * What is written is cast before. All rows: their gradient is the whole's. Some: CopySlices copies the gradient of the whole and of its
 * rows, and blanks the rows for whoever wrote before.
 */
export function write(to: Lowering, { into, rows, output }: OperationOf<'write'>): void {
  const { pool } = to;
  const memory = to.tensor(into);
  const x = to.cast(to.tensor(rows), memory.elementBytes);
  const isWhole = x.shape[0] === memory.shape[0];
  const node = to.node([memory.target, x.target], (incoming) => {
    if (isWhole) return [undefined, pool.share(incoming)];
    const whole = pool.make(memory.shape, memory.elementBytes);
    const part = pool.make(x.shape, x.elementBytes);
    if (memory.target !== undefined) pool.release(pool.make(x.shape, x.elementBytes));
    return [whole, part];
  });
  to.produceAlias(output, memory, node);
  to.releaseScratch(0);
}

/**
 * Reads the columns of both sides, adds in place and writes back. Backward: zeros for the overwritten columns, the gradient of the
 * columns and its sum to their shape, then zeros of the whole into which that is added.
 */
export function addColumns(to: Lowering, { input, addend, columns, output }: OperationOf<'addColumns'>): void {
  const { pool, recorder } = to;
  const x = to.tensor(input);
  const [rows, batch] = x.shape;
  const shape = [rows!, batch!, { symbol: columns, factor: 1 }];
  const node = to.node([x.target], (incoming) => {
    const make = () => pool.make(shape, x.elementBytes);
    pool.release(make());
    const columnGradient = make();
    const sum = make();
    pool.release(columnGradient);
    const whole = pool.make(x.shape, x.elementBytes);
    pool.release(sum);
    pool.release(whole);
    return [pool.share(incoming)];
  });
  const read = [x.elementBytes, to.tensor(addend).elementBytes].map((width) => recorder.allocate(shape, width));
  for (const storage of read.reverse()) recorder.release(storage);
  to.produceAlias(output, x, node);
}
