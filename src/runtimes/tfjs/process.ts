/** TensorFlow.js allocates through TensorFlow: what its tensors hold, and on a GPU the context and cuBLAS beside it. */
import type { ProcessInput, ProcessMemory } from '../process.js';

export function tfjsProcess({ liveness, device }: ProcessInput): ProcessMemory {
  const { liveBytes } = liveness.peak;
  const lowBytes = liveBytes + device.contextBytes.tfjs;
  const deviceBytes = lowBytes + device.cublasWorkspaceBytes;
  return {
    peakAllocatedBytes: liveBytes,
    peakReservedBytes: liveBytes,
    deviceBytes,
    range: { lowBytes, highBytes: deviceBytes },
  };
}
