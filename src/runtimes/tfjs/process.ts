/** TensorFlow.js allocates through TensorFlow: what its tensors hold, and on a GPU the context and cuBLAS beside it. */
import type { ProcessInput, ProcessMemory } from '../process.js';

export function tfjsProcess({ liveness, device, worstUnderPercent }: ProcessInput): ProcessMemory {
  const { liveBytes } = liveness.peak;
  const outsideBytes = device.contextBytes.tfjs + device.cublasWorkspaceBytes;
  const highBytes = Math.ceil(liveBytes * (1 + worstUnderPercent / 100)) + outsideBytes;
  return {
    peakAllocatedBytes: liveBytes,
    peakReservedBytes: liveBytes,
    deviceBytes: liveBytes + outsideBytes,
    range: { lowBytes: liveBytes + device.contextBytes.tfjs, highBytes },
  };
}
