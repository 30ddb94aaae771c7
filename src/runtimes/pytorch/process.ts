/** PyTorch's process: the caching allocator's segments, then the CUDA context and the cuBLAS workspace. */
import { pytorchReservedWorstUnderPercent } from '../../accuracy/shipped.js';
import type { Config, Device } from '../../config/types.js';
import { minCapacity } from '../../memory/allocators/min-capacity.js';
import { replayCaching } from '../../memory/allocators/replay.js';
import type { JudgedStep, JudgeInput, ProcessInput, ProcessMemory } from '../process.js';

const outsideBytesOf = (device: Device): number => device.contextBytes.pytorch + device.cublasWorkspaceBytes;

function replayWithoutLimit(
  events: Int32Array,
  bytesOfBuffer: Float64Array,
  { allocator }: Config['recipe'],
  device: Device,
) {
  const expandable = allocator === 'expandable';
  const replay = replayCaching(events, bytesOfBuffer, { expandable });
  if (replay.kind !== 'ran') throw new Error('an allocator without limit ran out of memory');
  const { peakAllocatedBytes, peakReservedBytes } = replay;
  const outsideBytes = outsideBytesOf(device);
  const errorBar = 1 + pytorchReservedWorstUnderPercent[allocator] / 100;
  const highBytes = Math.ceil(peakReservedBytes * errorBar) + outsideBytes;
  return { expandable, peakAllocatedBytes, peakReservedBytes, outsideBytes, highBytes };
}

export function pytorchProcess({ trace, bytesOfBuffer, config, device, usableBytes }: ProcessInput): ProcessMemory {
  const { events } = trace;
  const { expandable, peakAllocatedBytes, peakReservedBytes, outsideBytes, highBytes } = replayWithoutLimit(
    events,
    bytesOfBuffer,
    config.recipe,
    device,
  );
  const bounds = { lowBytes: peakAllocatedBytes, highBytes: peakReservedBytes, expandable };
  const dependsOnCapacity =
    usableBytes !== undefined && highBytes > usableBytes && peakAllocatedBytes + outsideBytes <= usableBytes;
  const minCapacityBytes = dependsOnCapacity
    ? minCapacity(events, bytesOfBuffer, { ...bounds, cardBytes: usableBytes - outsideBytes })
    : undefined;
  return {
    peakAllocatedBytes,
    peakReservedBytes,
    ...(minCapacityBytes !== undefined && { minCapacityBytes }),
    deviceBytes: peakReservedBytes + outsideBytes,
    range: { lowBytes: (minCapacityBytes ?? peakAllocatedBytes) + outsideBytes, highBytes },
  };
}

/** As `pytorchProcess` and `judge` together; arrays that are too much by themselves need no replay. */
export function judgePyTorch({
  trace,
  peakLiveBytes,
  bytesOfBuffer,
  config,
  device,
  usableBytes,
}: JudgeInput): JudgedStep {
  const outside = outsideBytesOf(device);
  if (peakLiveBytes + outside > usableBytes) return { kind: 'exceeds', deviceBytes: undefined };
  const { events } = trace;
  const bytes = bytesOfBuffer();
  const { expandable, peakAllocatedBytes, peakReservedBytes, highBytes } = replayWithoutLimit(
    events,
    bytes,
    config.recipe,
    device,
  );
  const deviceBytes = peakReservedBytes + outside;
  if (highBytes <= usableBytes) return { kind: 'fits', deviceBytes };
  const capacityBytes = usableBytes - outside;
  const runs =
    peakAllocatedBytes <= capacityBytes && replayCaching(events, bytes, { expandable, capacityBytes }).kind === 'ran';
  return { kind: runs ? 'tight' : 'exceeds', deviceBytes };
}
