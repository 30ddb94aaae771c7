/**
 * anemoi's Triton attention as a custom operator (anemoi-models 0.19.0, triton/gt.py): result, an fp32 copy of it and an fp32
 * log-sum-exp per receiver and head; the two auxiliary results get zero-filled gradients. The kernel's own fp32 row of the backward
 * pass and its `.contiguous()` copies are not counted: nobody has traced them.
 */
import { axis } from '../../program/shape.js';
import type { GraphAttention, Integers } from '../../program/types.js';
import type { Lowering } from './lowering.js';
import type { Tensor } from './tape.js';

const heads = axis('heads');

export function graphAttention(to: Lowering, operation: GraphAttention): void {
  const { pool, recorder } = to;
  const [q, k, v, e] = [operation.query, operation.key, operation.value, operation.edgeTerm].map((id) =>
    to.tensor(id),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const statisticsShape = [q.shape[0]!, q.shape[1]!, heads];
  const node = to.node([q.target, k.target, v.target, e.target], () => {
    const auxiliary = [pool.make(q.shape, 4), pool.make(statisticsShape, 4)];
    const gradients = [q, k, v, e].map((x) => pool.make(x.shape, x.elementBytes));
    for (const zeros of auxiliary.reverse()) pool.release(zeros);
    return gradients;
  });
  to.produce(operation.output, q.elementBytes, node);
  const kept = to.scratchTensor(recorder.allocate(q.shape, 4), q.shape, 4, undefined);
  const statistics = to.scratchTensor(recorder.allocate(statisticsShape, 4), statisticsShape, 4, undefined);
  to.save(node, q, k, v, e, kept, statistics, ...operation.indices.map((id) => to.tensor(id)));
  to.releaseScratch(0);
}

const int64Bytes = 8;

export function integers(to: Lowering, { output }: Integers): void {
  to.produce(output, int64Bytes, undefined);
}
