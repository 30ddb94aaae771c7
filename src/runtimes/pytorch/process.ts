/** PyTorch's process: the caching allocator's segments, then the CUDA context and the cuBLAS workspace. */
import { pytorchReservedWorstUnderPercent } from '../../accuracy/shipped.js';
import { minCapacity } from '../../memory/allocators/min-capacity.js';
import { replayCaching } from '../../memory/allocators/replay.js';
import type { ProcessInput, ProcessMemory } from '../process.js';

export function pytorchProcess({ trace, bytesOfBuffer, config, device, usableBytes }: ProcessInput): ProcessMemory {
  const { allocator } = config.recipe;
  const expandable = allocator === 'expandable';
  const replay = replayCaching(trace.events, bytesOfBuffer, { expandable });
  if (replay.kind !== 'ran') throw new Error('an allocator without limit ran out of memory');
  const { peakAllocatedBytes, peakReservedBytes } = replay;
  const outsideBytes = device.contextBytes.pytorch + device.cublasWorkspaceBytes;
  const errorBar = 1 + pytorchReservedWorstUnderPercent[allocator] / 100;
  const highBytes = Math.ceil(peakReservedBytes * errorBar) + outsideBytes;
  const dependsOnCapacity =
    usableBytes !== undefined && highBytes > usableBytes && peakAllocatedBytes + outsideBytes <= usableBytes;
  const minCapacityBytes = dependsOnCapacity
    ? minCapacity(trace.events, bytesOfBuffer, {
        lowBytes: peakAllocatedBytes,
        highBytes: peakReservedBytes,
        expandable,
      })
    : undefined;
  return {
    peakAllocatedBytes,
    peakReservedBytes,
    ...(minCapacityBytes !== undefined && { minCapacityBytes }),
    deviceBytes: peakReservedBytes + outsideBytes,
    range: { lowBytes: (minCapacityBytes ?? peakAllocatedBytes) + outsideBytes, highBytes },
  };
}
