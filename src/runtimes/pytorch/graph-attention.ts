/**
 * anemoi's Triton attention as a custom operator (anemoi-models 0.19.0, triton/gt.py): result, an fp32 copy of it and an fp32
 * log-sum-exp per receiver and head; the two auxiliary results get zero-filled gradients. The kernel's own fp32 row of the backward
 * pass and its `.contiguous()` copies are not counted: nobody has traced them.
 */

import type { OperationOf } from '../../ir/operations.js';
import { axis, int64Bytes } from '../../ir/shape.js';
import type { Lowering } from './lowering.js';
import type { Tensor } from './tape.js';

const heads = axis('heads');

export function graphAttention(to: Lowering, operation: OperationOf<'graphAttention'>): void {
  const { pool, recorder } = to;
  const [q, k, v, e] = [operation.query, operation.key, operation.value, operation.edgeTerm].map((id) =>
    to.tensor(id),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const statisticsShape = [q.shape[0]!, q.shape[1]!, heads];
  const node = to.node([q.target, k.target, v.target, e.target, undefined, undefined], () => {
    const auxiliary = [pool.make(q.shape, 4), pool.make(statisticsShape, 4)];
    return [...[q, k, v, e].map((x) => pool.make(x.shape, x.elementBytes)), ...auxiliary.reverse()];
  });
  to.produce(operation.output, q.elementBytes, node);
  const keptStorage = recorder.allocate(q.shape, 4);
  // Scratch goes last in, first out; here the fp32 copy goes first.
  const statistics = to.scratchTensor(recorder.allocate(statisticsShape, 4), statisticsShape, 4, undefined);
  const kept = to.scratchTensor(keptStorage, q.shape, 4, undefined);
  // Saved in reverse: a replay's tensors go last in, first out, and a Python function's tuple first in, first out.
  const indices = operation.indices.map((id) => to.tensor(id));
  to.save(node, ...indices.toReversed(), statistics, kept, e, v, k, q);
  to.releaseScratch(0);
}

export function integers(to: Lowering, { output, once }: OperationOf<'integers'>): void {
  if (!once) {
    to.produce(output, int64Bytes, undefined);
    return;
  }
  const shape = to.shapeOf(output);
  to.produceOnce(output, () => ({
    storage: to.recorder.allocate(shape, int64Bytes),
    shape,
    elementBytes: int64Bytes,
    target: undefined,
  }));
}
