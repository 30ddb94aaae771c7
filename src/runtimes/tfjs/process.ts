/** TensorFlow.js allocates through TensorFlow: what its tensors hold, and on a GPU the context and cuBLAS beside it. */
import type { ProcessInput, ProcessMemory } from '../process.js';

export function tfjsProcess({ peakLiveBytes, device, worstUnderPercent }: ProcessInput): ProcessMemory {
  const outsideBytes = device.contextBytes.tfjs + device.cublasWorkspaceBytes;
  const highBytes = Math.ceil(peakLiveBytes * (1 + worstUnderPercent / 100)) + outsideBytes;
  const deviceBytes = peakLiveBytes + outsideBytes;
  return {
    peakAllocatedBytes: peakLiveBytes,
    peakReservedBytes: peakLiveBytes,
    deviceBytes,
    range: { lowBytes: peakLiveBytes + device.contextBytes.tfjs, highBytes },
    runsFromBytes: deviceBytes,
  };
}
