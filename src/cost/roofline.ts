/**
 * How long a micro-step takes at least, as a model: the larger of arithmetic ÷ peak arithmetic and traffic ÷ bandwidth (Williams,
 * Waterman, Patterson, Roofline, CACM 2009). Real steps take longer; nothing is ranked by it.
 */
import { fullElementBytes } from '../config/choices.js';
import type { Config, Device, Optimizer, Precision } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Flops } from './flops.js';

export interface Roofline {
  /** Every array of the step is written once and read once, and the optimizer passes over its arrays. */
  readonly bytesMoved: number;
  /** Over the bus to the host and back, per micro-step; absent without offload. Not part of the time. */
  readonly hostTransferBytes?: number;
  /** Absent where no real card was named. */
  readonly stepTimeMs?: number;
}

/** Arrays of the parameters' size that an update reads and writes: parameter (both), gradient, moments (both; a byte each in 8 bits). */
const optimizerPasses: Readonly<Record<Optimizer, number>> = {
  none: 0,
  sgd: 3,
  momentum: 5,
  adam: 7,
  adamw: 7,
  'adamw-fused': 7,
  'adamw-8bit': 4,
  // Norms of the gradient by row and by column, the update written, scaled and added.
  adafactor: 9,
};

export interface StepAtSize {
  readonly config: Config;
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
  readonly numParameters: number;
  readonly flops: Flops;
  /** Of the runtime, where it models them. */
  readonly hostTransferBytes?: (numTraced: number) => number;
}

export function roofline(step: StepAtSize): Roofline {
  const { config, trace, bytesOfBuffer, numParameters, flops } = step;
  const { recipe, device } = config;
  const numTraced = numForwardPasses(trace);
  const parameterBytes = numParameters * fullElementBytes(recipe);
  const update = recipe.mode === 'train' ? optimizerPasses[recipe.optimizer] * parameterBytes : 0;
  const bytesMoved = Math.round((2 * madeInStep(trace, bytesOfBuffer)) / numTraced + update / recipe.accumulate);
  const offload =
    step.hostTransferBytes === undefined || recipe.offload === 'none'
      ? {}
      : { hostTransferBytes: step.hostTransferBytes(numTraced) };
  if (device === null || device.vendor === 'any') return { bytesMoved, ...offload };
  const stepFlops = flops.trainFlops || flops.forwardFlops;
  const seconds = Math.max(
    stepFlops / (peakTflops(device, recipe.precision) * 1e12),
    bytesMoved / (device.bandwidthGBps * 1e9),
  );
  return { bytesMoved, ...offload, stepTimeMs: 1_000 * seconds };
}

/** Of the last step: a trace holds the first micro-steps; the others repeat its last. */
const numForwardPasses = ({ marks, lastStepFirstEvent }: Trace): number =>
  marks.filter(({ phase, firstEvent }) => phase === 'forward' && firstEvent >= lastStepFirstEvent).length;

/** Of the last step, but for what its update makes. */
function madeInStep({ events, marks, lastStepFirstEvent }: Trace, bytesOfBuffer: Float64Array): number {
  const update = marks.findLast(({ phase }) => phase === 'optimizer')?.firstEvent ?? events.length;
  const end = update > lastStepFirstEvent ? update : events.length;
  let bytes = 0;
  for (let i = lastStepFirstEvent; i < end; i++) if (events[i]! > 0) bytes += bytesOfBuffer[events[i]! - 1]!;
  return bytes;
}

/** fp32 products run without TF32, PyTorch's default. A card without bf16 units upcasts. */
function peakTflops({ tflops }: Device, precision: Precision): number {
  switch (precision) {
    case 'fp32':
      return tflops.fp32;
    case 'fp16':
      return tflops.fp16 ?? tflops.fp32;
    case 'bf16':
    case 'bf16-full':
      return tflops.bf16 ?? tflops.fp32;
  }
}
