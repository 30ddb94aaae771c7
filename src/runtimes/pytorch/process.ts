/** PyTorch's process: the caching allocator's segments, then the CUDA context and the cuBLAS workspace. */
import { reservedErrorBar, widestErrorBar } from '../../accuracy/evidence.js';
import { leastTooMuch, mostThatFollows } from '../../accuracy/figures.js';
import type { Config, Device } from '../../config/types.js';
import { minCapacity } from '../../memory/allocators/min-capacity.js';
import { blockBytesFor, roundUp, smallSegmentBytes } from '../../memory/allocators/pools.js';
import { type ReplayOptions, replayBlocks, replayWithoutLimit } from '../../memory/allocators/replay.js';
import { peakLiveBytes as livePeak } from '../../memory/liveness.js';
import { reusedBytes, type Trace } from '../../memory/trace.js';
import type { ProcessInput, ProcessMemory, RecordedInput, StepVerdict, VerdictInput } from '../process.js';
import type { RoomForPasses, Runtime } from '../types.js';

const outsideBytesOf = (device: Device): number => device.contextBytes.pytorch + device.cublasWorkspaceBytes;

/** PhysicsNeMo's records have the sort buffers inside CUDA's index_put(accumulate) kernel, which the replay leaves out. */
const withErrorBar = (peakReservedBytes: number, config: Config): number =>
  mostThatFollows(peakReservedBytes, reservedErrorBar(config).worstUnderPercent);

export const pytorchProcess = (input: ProcessInput): ProcessMemory =>
  replayed({ ...input, recipe: input.config.recipe }, (bytes) => withErrorBar(bytes, input.config));

/** Nothing says how far a step of somebody's own may be off: the widest of all code bases. */
export const recordedProcess = (input: RecordedInput): ProcessMemory =>
  replayed(input, (bytes) => mostThatFollows(bytes, widestErrorBar('pytorch', input.recipe.allocator)));

function replayed(
  input: Omit<RecordedInput, 'reserveBytes'>,
  upperEnd: (peakReservedBytes: number) => number,
): ProcessMemory {
  const { trace, bytesOfBuffer, peakLiveBytes, recipe, device, usableBytes } = input;
  const { events } = trace;
  const expandable = recipe.allocator === 'expandable';
  const { peakAllocatedBytes, peakReservedBytes } = replayWithoutLimit(events, bytesOfBuffer, expandable);
  const outsideBytes = outsideBytesOf(device);
  const highBytes = upperEnd(peakReservedBytes) + outsideBytes;
  const bounds = { lowBytes: peakLiveBytes, highBytes: peakReservedBytes, expandable };
  const dependsOnCapacity =
    usableBytes !== undefined && highBytes > usableBytes && peakLiveBytes + outsideBytes <= usableBytes;
  const minCapacityBytes = dependsOnCapacity
    ? minCapacity(events, bytesOfBuffer, { ...bounds, cardBytes: usableBytes - outsideBytes })
    : undefined;
  const lowBytes = (minCapacityBytes ?? peakAllocatedBytes) + outsideBytes;
  return {
    peakAllocatedBytes,
    peakReservedBytes,
    ...(minCapacityBytes !== undefined && { minCapacityBytes }),
    deviceBytes: peakReservedBytes + outsideBytes,
    range: { lowBytes, highBytes },
    runsFromBytes: lowBytes,
  };
}

/** Blocks are whole numbers of 512 bytes, segments of 2 MiB; an array without elements has no block. */
export function leastReservedBytes(trace: Trace, bytesOfBuffer: Float64Array): number {
  for (let i = 0; i < bytesOfBuffer.length; i++) bytesOfBuffer[i] = blockBytesFor(bytesOfBuffer[i]!);
  return roundUp(livePeak(trace, bytesOfBuffer), smallSegmentBytes);
}

/** What is reserved holds what is alive. */
export const mostLiveBytes: NonNullable<Runtime['mostLiveBytes']> = (config, arrayBytes, { cublasWorkspaceBytes }) =>
  leastTooMuch(arrayBytes - cublasWorkspaceBytes, reservedErrorBar(config).worstUnderPercent);

/** Without giving back, what is reserved only grows: whether a step fits is known where it is too much. */
export function replayUntilFull(
  config: Config,
  { device, usableBytes }: Pick<RoomForPasses, 'device' | 'usableBytes'>,
): ReplayOptions {
  const { worstUnderPercent } = reservedErrorBar(config);
  const capacityBytes = leastTooMuch(usableBytes - outsideBytesOf(device), worstUnderPercent);
  return { expandable: config.recipe.allocator === 'expandable', capacityBytes, untilFull: true };
}

/** As `pytorchProcess` and `verdictOf` together, replayed no further than the answer needs: not at all where arrays are too much by themselves. */
export function pytorchVerdict({
  trace,
  peakLiveBytes,
  dimensions,
  config,
  device,
  usableBytes,
  asked,
}: VerdictInput): StepVerdict {
  const outsideBytes = outsideBytesOf(device);
  const capacityBytes = usableBytes - outsideBytes;
  // What is reserved holds what is alive.
  const leastBytes = asked === 'fits' ? withErrorBar(peakLiveBytes, config) : peakLiveBytes;
  if (leastBytes > capacityBytes) return { kind: 'exceeds', deviceBytes: undefined };
  const expandable = config.recipe.allocator === 'expandable';
  const { bytesOfBuffer: blockBytes } = reusedBytes(trace, dimensions, blockBytesFor);
  const options = asked === 'fits' ? replayUntilFull(config, { device, usableBytes }) : { expandable, untilFull: true };
  const unlimited = replayBlocks(trace.events, blockBytes, options);
  if (unlimited.kind === 'outOfMemory') return { kind: 'exceeds', deviceBytes: undefined };
  const { peakReservedBytes } = unlimited;
  const deviceBytes = peakReservedBytes + outsideBytes;
  const mostReserved = withErrorBar(peakReservedBytes, config);
  if (mostReserved <= capacityBytes) return { kind: 'fits', deviceBytes, highBytes: mostReserved + outsideBytes };
  if (asked === 'fits') return { kind: 'exceeds', deviceBytes };
  if (peakReservedBytes <= capacityBytes) return { kind: 'tight', deviceBytes };
  const replay = replayBlocks(trace.events, blockBytes, { expandable, capacityBytes });
  return { kind: replay.kind === 'ran' ? 'tight' : 'exceeds', deviceBytes };
}
