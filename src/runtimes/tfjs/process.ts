/** TensorFlow.js allocates through TensorFlow: what its tensors hold, and on a GPU the context and cuBLAS beside it. */
import { leastTooMuch, mostThatFollows } from '../../accuracy/figures.js';
import type { ProcessInput, ProcessMemory } from '../process.js';
import type { Runtime } from '../types.js';

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

export const mostLiveBytes: NonNullable<Runtime['mostLiveBytes']> = (
  _,
  arrayBytes,
  { cublasWorkspaceBytes },
  worstUnderPercent,
) => leastTooMuch(arrayBytes - cublasWorkspaceBytes, worstUnderPercent);
