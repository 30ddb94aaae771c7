/** Which of attention's arrays real cards hold at once. */
import { peakLiveBytes as livePeak } from '../../memory/liveness.js';
import type { Trace } from '../../memory/trace.js';
import { attentionArrayOf } from './attention-arrays.js';
import { isGap } from './schedule.js';

/**
 * Live bytes at the peak of a step with attention in dense blocks, from what real cards were read at to the most. A softmax holds three arrays
 * of logits and three of weights where cuBLAS multiplies; most readings of real cards, which try kernels out, fit three in all, the weights
 * written over the logits. The most: a step that keeps logits for its backward pass keeps the weights too. Absent: no such attention.
 */
export function attentionReadings(
  trace: Trace,
  bytesOfBuffer: Float64Array,
): { readonly lowBytes: number; readonly highBytes: number } | undefined {
  const kindOf = trace.layouts.map(({ shape }) => attentionArrayOf(shape));
  if (!kindOf.includes('logits')) return undefined;
  const kind = (buffer: number) => kindOf[trace.bufferLayout[buffer]!];
  const written = bytesOfBuffer.map((bytes, buffer) =>
    kind(buffer) === 'weights' || isGap(trace, buffer) ? 0 : bytes,
  );
  let live = 0;
  let weights = 0;
  let logits = 0;
  let highBytes = 0;
  for (const event of trace.events) {
    const buffer = Math.abs(event) - 1;
    const bytes = event > 0 ? bytesOfBuffer[buffer]! : -bytesOfBuffer[buffer]!;
    live += bytes;
    if (kind(buffer) === 'weights') weights += bytes;
    if (kind(buffer) === 'logits') logits += bytes;
    highBytes = Math.max(highBytes, live + Math.max(0, logits - weights));
  }
  return { lowBytes: livePeak(trace, written), highBytes };
}
