import type { Dimensions } from '../../ir/shape.js';
import type { TraceRecorder } from '../recorder.js';
import { type Layout, layoutBytes } from '../trace.js';
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

function makeRoomFor(numBuffers: number): void {
  if (numBuffers <= blockOfBuffer.length) return;
  allocator = new CachingAllocator(2 * numBuffers);
  blockOfBuffer = new Int32Array(2 * numBuffers);
}

/** `events` as in a `Trace`; `bufferBytes` by buffer; one without elements has no block. */
export function replayCaching(
  events: Int32Array,
  bufferBytes: Float64Array,
  { expandable, capacityBytes = Number.POSITIVE_INFINITY, untilFull = false }: ReplayOptions,
): Replay {
  makeRoomFor(bufferBytes.length);
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

/** A look at what has been written since takes as long as so many events. */
const minNewEvents = 64;

/** Follows a trace while it is written, until the device is full; nothing is given back, and no other replay may come between. */
export class GrowingReplay {
  isFull = false;
  private numEvents = 0;
  private numBuffers = 0;
  private bytesOfBuffer = new Float64Array(0);
  private readonly bytesOfLayout = new Map<Layout, number>();

  constructor(
    private readonly dimensions: Dimensions,
    private readonly options: ReplayOptions,
  ) {}

  follow(recorder: TraceRecorder): void {
    if (this.isFull || !recorder.isInOrder || recorder.numEvents - this.numEvents < minNewEvents) return;
    const numBuffers = recorder.numStorages;
    if (this.numEvents === 0 || numBuffers > blockOfBuffer.length) this.restart(numBuffers);
    const { events, layouts } = recorder.since(this.numEvents, this.numBuffers);
    for (const [i, layout] of layouts.entries()) this.bytesOfBuffer[this.numBuffers + i] = this.bytesOf(layout);
    this.isFull = events.some((event) => !isServed(event, this.bytesOfBuffer));
    this.numEvents += events.length;
    this.numBuffers = numBuffers;
  }

  private restart(numBuffers: number): void {
    makeRoomFor(numBuffers);
    this.bytesOfBuffer = new Float64Array(blockOfBuffer.length);
    [this.numEvents, this.numBuffers] = [0, 0];
    const { expandable, capacityBytes = Number.POSITIVE_INFINITY } = this.options;
    allocator.reset(expandable, capacityBytes, false);
  }

  private bytesOf(layout: Layout): number {
    const bytes = this.bytesOfLayout.get(layout) ?? layoutBytes(layout, this.dimensions);
    this.bytesOfLayout.set(layout, bytes);
    return bytes;
  }
}

/** False: the device is full. */
function isServed(event: number, bytesOfBuffer: Float64Array): boolean {
  const buffer = Math.abs(event) - 1;
  const bytes = bytesOfBuffer[buffer]!;
  if (bytes === 0) return true;
  if (event < 0) {
    allocator.release(blockOfBuffer[buffer]!);
    return true;
  }
  const block = allocator.allocate(bytes);
  blockOfBuffer[buffer] = block;
  return block !== none;
}
