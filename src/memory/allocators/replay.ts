import { none } from './block-table.js';
import { CachingAllocator } from './caching.js';
import { returningRuns } from './returning-runs.js';

export interface ReplayOptions {
  readonly expandable: boolean;
  /** What the allocator may reserve; without it, as much as it likes. */
  readonly capacityBytes?: number;
  /** The replay ends where the capacity would have to give something back. */
  readonly untilFull?: boolean;
}

export type Replay =
  | {
      readonly kind: 'ran';
      readonly peakReservedBytes: number;
      readonly peakAllocatedBytes: number;
      /** How often unused memory went back to the device to make room. */
      readonly numFlushes: number;
    }
  | {
      readonly kind: 'outOfMemory';
      readonly atEvent: number;
      readonly requestedBytes: number;
      readonly reservedBytes: number;
    };

/** One for all replays of the process: a search replays a hundred thousand times. */
let allocator = new CachingAllocator(0);
let blockOfBuffer = new Int32Array(0);

/** `events` as in a `Trace`; `bufferBytes` by buffer; one without elements has no block. */
export function replayCaching(
  events: Int32Array,
  bufferBytes: Float64Array,
  { expandable, capacityBytes = Number.POSITIVE_INFINITY, untilFull = false }: ReplayOptions,
): Replay {
  if (bufferBytes.length > blockOfBuffer.length) {
    allocator = new CachingAllocator(2 * bufferBytes.length);
    blockOfBuffer = new Int32Array(2 * bufferBytes.length);
  }
  allocator.reset(expandable, capacityBytes, !untilFull);
  const runs = returningRuns(events);
  let nextRun = 0;
  for (let atEvent = 0; atEvent < events.length; atEvent++) {
    if (atEvent === runs[nextRun]) {
      const end = runs[nextRun + 1]!;
      nextRun += 2;
      if (allocator.surelyHolds(bufferBytes, events, atEvent, end)) {
        atEvent = end - 1;
        continue;
      }
    }
    const event = events[atEvent]!;
    if (event < 0) {
      if (bufferBytes[-event - 1] !== 0) allocator.release(blockOfBuffer[-event - 1]!);
      continue;
    }
    const requestedBytes = bufferBytes[event - 1]!;
    if (requestedBytes === 0) continue;
    const block = allocator.allocate(requestedBytes);
    if (block === none)
      return { kind: 'outOfMemory', atEvent, requestedBytes, reservedBytes: allocator.pools.reservedBytes };
    blockOfBuffer[event - 1] = block;
  }
  const { pools, peakAllocatedBytes, numFlushes } = allocator;
  return { kind: 'ran', peakReservedBytes: pools.peakReservedBytes, peakAllocatedBytes, numFlushes };
}

/** On a device without limit nothing fails. */
export function replayWithoutLimit(
  events: Int32Array,
  bufferBytes: Float64Array,
  expandable: boolean,
): Extract<Replay, { kind: 'ran' }> {
  const replay = replayCaching(events, bufferBytes, { expandable });
  if (replay.kind !== 'ran') throw new Error('an allocator without limit ran out of memory');
  return replay;
}
