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
