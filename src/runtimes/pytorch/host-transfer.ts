/**
 * What `--offload` sends over the bus in a micro-step of PyTorch, both ways: every large gradient to the host, its parameter back once
 * per update (torchao's CPUOffloadOptimizer); the inputs of recomputed segments there and back (save_on_cpu).
 */
import { minOffloadedElements, offloadsOptimizer } from '../../config/offload.js';
import type { Config } from '../../config/types.js';
import { categoryCode, originCode, type Trace } from '../../memory/trace.js';

/** `numTraced`: micro-steps in the trace's last step. */
export function hostTransferBytes(
  { recipe }: Pick<Config, 'recipe'>,
  trace: Trace,
  bytesOfBuffer: Float64Array,
  numTraced: number,
): number {
  let gradients = 0;
  let inputs = 0;
  for (let i = trace.lastStepFirstEvent; i < trace.events.length; i++) {
    const buffer = trace.events[i]! - 1;
    if (buffer < 0) continue;
    const bytes = bytesOfBuffer[buffer]!;
    if (trace.bufferOrigin[buffer] === originCode.host) inputs += bytes;
    const { elementBytes } = trace.layouts[trace.bufferLayout[buffer]!]!;
    if (trace.bufferCategory[buffer] === categoryCode.gradient && bytes >= minOffloadedElements * elementBytes)
      gradients += bytes;
  }
  const update = offloadsOptimizer(recipe) ? gradients + gradients / recipe.accumulate : 0;
  return Math.round(update + (2 * inputs) / numTraced);
}
