/** Prediction against measurement: four totals in percent, and the event at which the two first part. */
import type { Trace } from '../memory/trace.js';

/** What both sides know. */
export interface StepBytes {
  readonly parameterBytes: number;
  readonly forwardEndBytes: number;
  readonly peakLiveBytes: number;
  readonly optimizerBytes: number;
}

export interface Divergence {
  readonly operation: string;
  readonly predictedBytes: number;
  readonly measuredBytes: number;
  /** What the measured step did there, where it says so. */
  readonly measuredOperation?: string;
}

const keys = ['parameterBytes', 'forwardEndBytes', 'peakLiveBytes', 'optimizerBytes'] as const;

/** (predicted − measured) ÷ measured. */
export function errorsPercent(predicted: StepBytes, measured: StepBytes): StepBytes {
  const error = (key: keyof StepBytes) =>
    predicted[key] === measured[key] ? 0 : (100 * (predicted[key] - measured[key])) / Math.max(1, measured[key]);
  return Object.fromEntries(keys.map((key) => [key, error(key)])) as unknown as StepBytes;
}

export function isWithin(errors: StepBytes, tolerancePercent: number): boolean {
  return keys.every((key) => Math.abs(errors[key]) <= tolerancePercent);
}

export const setupOperation = 'parameters, data and optimizer state';

/**
 * The first array that came or went on one side only. `events`: bytes that came (+) or went (−) in the measured step, from
 * `startBytes` on. The bytes that are reported are those alive after it.
 */
export function firstDivergence(
  trace: Trace,
  bytesOfBuffer: Float64Array,
  measured: { readonly events: readonly number[]; readonly startBytes: number },
): Divergence | undefined {
  const { lastStepFirstEvent: first } = trace;
  const change = (event: number) => Math.sign(event) * bytesOfBuffer[Math.abs(event) - 1]!;
  let predictedBytes = trace.events.subarray(0, first).reduce((sum, event) => sum + change(event), 0);
  let measuredBytes = measured.startBytes;
  if (predictedBytes !== measuredBytes) return { operation: setupOperation, predictedBytes, measuredBytes };
  const predictedEvents = trace.events.subarray(first);
  for (let i = 0; i < Math.max(predictedEvents.length, measured.events.length); i++) {
    const event = predictedEvents[i];
    predictedBytes += event === undefined ? 0 : change(event);
    measuredBytes += measured.events[i] ?? 0;
    if (predictedBytes !== measuredBytes)
      return { operation: operationAt(trace, first + i), predictedBytes, measuredBytes };
  }
  return undefined;
}

/** Of the event, or of the last one where the trace has ended. */
function operationAt(trace: Trace, event: number): string {
  const buffer = Math.abs(trace.events[Math.min(event, trace.events.length - 1)]!) - 1;
  return trace.operations[trace.bufferOperation[buffer]!]!;
}

/** The smallest block of PyTorch's caching allocator (c10/cuda/CUDACachingAllocator.h, kMinBlockSize). */
const smallestBlockBytes = 512;

/** Bytes of a step that are alive right after one of its allocations. */
interface Allocation {
  readonly operation: string;
  readonly liveBytes: number;
}

/**
 * The first operation at which two traces part: what both allocate, one array after the other, and what is alive then. In which order
 * arrays go between two allocations decides no peak of live bytes; those below the allocator's smallest block are left out.
 */
export function firstParting(
  predicted: { readonly trace: Trace; readonly bytesOfBuffer: Float64Array },
  measured: { readonly trace: Trace; readonly bytesOfBuffer: Float64Array },
): Divergence | undefined {
  const [ours, theirs] = [allocationsOf(predicted), allocationsOf(measured)];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [a, b] = [ours[Math.min(i, ours.length - 1)]!, theirs[Math.min(i, theirs.length - 1)]!];
    const isSame = i < ours.length && i < theirs.length && Math.abs(a.liveBytes - b.liveBytes) < smallestBlockBytes;
    if (isSame) continue;
    return {
      operation: a.operation,
      predictedBytes: a.liveBytes,
      measuredBytes: b.liveBytes,
      measuredOperation: b.operation,
    };
  }
  return undefined;
}

/** Of the last step; the first entry is what is there before it. */
function allocationsOf({
  trace,
  bytesOfBuffer,
}: {
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
}): readonly Allocation[] {
  const allocations: Allocation[] = [];
  let liveBytes = 0;
  for (const [position, event] of trace.events.entries()) {
    if (position === trace.lastStepFirstEvent) allocations.push({ operation: setupOperation, liveBytes });
    const buffer = Math.abs(event) - 1;
    const bytes = bytesOfBuffer[buffer]!;
    if (bytes < smallestBlockBytes) continue;
    liveBytes += Math.sign(event) * bytes;
    if (event > 0 && position >= trace.lastStepFirstEvent)
      allocations.push({ operation: trace.operations[trace.bufferOperation[buffer]!]!, liveBytes });
  }
  return allocations;
}
