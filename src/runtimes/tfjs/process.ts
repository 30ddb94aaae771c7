/** TensorFlow.js allocates through TensorFlow: what its tensors hold, and on a GPU the context and cuBLAS beside it. */
import { mostThatFollows } from '../../accuracy/figures.js';
import type { ProcessInput, ProcessMemory } from '../process.js';

export function tfjsProcess({ peakLiveBytes, device, worstUnderPercent }: ProcessInput): ProcessMemory {
  const outsideBytes = device.contextBytes.tfjs + device.cublasWorkspaceBytes;
  const highBytes = mostThatFollows(peakLiveBytes, worstUnderPercent) + outsideBytes;
  const deviceBytes = peakLiveBytes + outsideBytes;
  return {
    peakAllocatedBytes: peakLiveBytes,
    peakReservedBytes: peakLiveBytes,
    deviceBytes,
    range: { lowBytes: peakLiveBytes + device.contextBytes.tfjs, highBytes },
    runsFromBytes: deviceBytes,
  };
}
