/** JAX's process: one pool of the BFC allocator for arguments, constants and XLA's arena, then the CUDA context. */
import { bfcAllocatedBytes, bfcPool } from '../../memory/allocators/bfc.js';
import { categories, type Trace } from '../../memory/trace.js';
import type { ProcessInput, ProcessMemory } from '../process.js';

const residentCategories = new Set(
  ['parameter', 'optimizer', 'input'].map((name) => categories.indexOf(name as never)),
);

/** Arguments in order of allocation. */
function argumentBytesOf(trace: Trace, bytesOfBuffer: Float64Array): number[] {
  return [...bytesOfBuffer].filter((_, buffer) => residentCategories.has(trace.bufferCategory[buffer]!));
}

export function jaxProcess({ trace, bytesOfBuffer, liveness, config, device }: ProcessInput): ProcessMemory {
  const argumentBytes = argumentBytesOf(trace, bytesOfBuffer);
  const temporaryBytes = liveness.peak.liveBytes - argumentBytes.reduce((sum, bytes) => sum + bytes, 0);
  const step = { argumentBytes, constantBytes: 0, temporaryBytes };
  const peakReservedBytes = bfcPool(step);
  const contextBytes = device.contextBytes.jax;
  return {
    peakAllocatedBytes: bfcAllocatedBytes(step),
    peakReservedBytes,
    deviceBytes: peakReservedBytes + contextBytes,
    range: { lowBytes: peakReservedBytes + contextBytes, highBytes: peakReservedBytes + contextBytes },
    preallocatedBytes: Math.floor(device.reportedBytes * config.recipe.memFraction),
  };
}
