/**
 * Data parallel as DistributedDataParallel does it: every rank holds everything, and the reducer a second copy of the gradients in
 * flat buckets (gradient_as_bucket_view=False), made when the model is wrapped. They are filled in reverse order of the parameters;
 * a bucket is closed when it has reached its limit: 1 MiB for the first, so that the exchange starts early, then 25 MiB.
 * Source: torch/nn/parallel/distributed.py and torch/csrc/distributed/c10d/reducer.cpp, compute_bucket_assignment_by_size (torch 2.13).
 */
import { constant } from '../ir/shape.js';
import { MiB } from '../units.js';
import { allocate, type Buffer, type TraceEvent } from './trace-events.js';

const firstLimitBytes = 1 * MiB;
const limitBytes = 25 * MiB;

/** Elements of every bucket. */
export function bucketsOf(elementsOfParameter: readonly number[], elementBytes: number): readonly number[] {
  const buckets: number[] = [];
  let elements = 0;
  for (const size of elementsOfParameter.toReversed()) {
    elements += size;
    if (elements * elementBytes < (buckets.length === 0 ? firstLimitBytes : limitBytes)) continue;
    buckets.push(elements);
    elements = 0;
  }
  return elements > 0 ? [...buckets, elements] : buckets;
}

export function withBuckets(
  events: readonly TraceEvent[],
  elementsOfParameter: readonly number[],
  elementBytes: number,
): readonly TraceEvent[] {
  const firstForward = events.findIndex((event) => event.kind === 'mark' && event.phase === 'forward');
  const dtype = elementBytes === 2 ? 'bf16' : 'fp32';
  const buckets = bucketsOf(elementsOfParameter, elementBytes).map(
    (elements): Buffer => ({
      layout: { shape: [constant(elements)], elementBytes, dtype },
      category: 'gradient',
      module: 'other',
      operation: 'gradient bucket',
      block: '',
      origin: 'device',
    }),
  );
  return [...events.slice(0, firstForward), ...buckets.map(allocate), ...events.slice(firstForward)];
}
