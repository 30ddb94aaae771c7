/** In which order a stage runs the forward and backward passes of a step's micro-batches (torch/distributed/pipelining/schedules.py). */
import type { Recipe } from '../../config/types.js';

/** Micro-batches whose graphs a stage holds at most. GPipe: all. 1F1B: as many as there are stages from this one on. */
export function numInFlight(
  { pipelineSchedule, accumulate, gpus }: Pick<Recipe, 'pipelineSchedule' | 'accumulate' | 'gpus'>,
  stage: number,
): number {
  return pipelineSchedule === 'gpipe' ? accumulate : Math.min(accumulate, gpus - stage);
}

/**
 * How many micro-batches it takes until every later one repeats the one before it. With n in flight, the first backward pass makes the
 * gradients of the parameters; every later pair of passes finds them, n − 1 graphs and the gradients sent last. From the backward pass of
 * micro-batch n − 2 on, 1F1B still holds that one's results, and the pair after it is the first that all later ones equal.
 */
export const numUnlike = (inFlight: number): number => Math.max(inFlight + 1, 2 * inFlight - 1);

interface Pass {
  readonly kind: 'forward' | 'backward';
  readonly microBatch: number;
}

/** Forward passes until `inFlight` wait, then one backward pass and the next forward pass in turn, then the rest. */
export function stageOrder(numMicroBatches: number, inFlight: number): readonly Pass[] {
  const passes: Pass[] = [];
  for (let microBatch = 0; microBatch < inFlight; microBatch++) passes.push({ kind: 'forward', microBatch });
  for (let microBatch = 0; microBatch < numMicroBatches; microBatch++) {
    passes.push({ kind: 'backward', microBatch });
    const next = microBatch + inFlight;
    if (next < numMicroBatches) passes.push({ kind: 'forward', microBatch: next });
  }
  return passes;
}
