import type { Dimensions } from '../../ir/shape.js';
import type { TraceRecorder } from '../recorder.js';
import { type Layout, layoutBytes } from '../trace.js';
import { type CachingAllocator, cachingAllocator } from './caching.js';
import { blockBytesFor } from './pools.js';
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
      readonly reservedBytes: number;
    };

/** Steps of a quarter of a million events: few processes make a second allocator, which is slower than the first (`block-table.ts`). */
const leastBuffers = 2 ** 17;
let lastMade: CachingAllocator | undefined;

/** One for all replays of the process: a search replays a hundred thousand times. */
function allocatorFor(numBuffers: number): CachingAllocator {
  if (lastMade === undefined || numBuffers > lastMade.maxBuffers)
    lastMade = cachingAllocator(Math.max(leastBuffers, 2 * numBuffers));
  return lastMade;
}

/** `events` as in a `Trace`; `bufferBytes` by buffer. */
export const replayCaching = (events: Int32Array, bufferBytes: Float64Array, options: ReplayOptions): Replay =>
  replayBlocks(events, bufferBytes.map(blockBytesFor), options);

/** The same; `blockBytes`: by buffer, what `blockBytesFor` makes of its bytes. A trace has many buffers and few layouts. */
export function replayBlocks(
  events: Int32Array,
  blockBytes: Float64Array,
  { expandable, capacityBytes = Number.POSITIVE_INFINITY, untilFull = false }: ReplayOptions,
): Replay {
  const { reset, serve, surelyHolds, pools, totals } = allocatorFor(blockBytes.length);
  reset(expandable, capacityBytes, !untilFull);
  const runs = returningRuns(events);
  let atEvent = 0;
  for (let nextRun = 0; nextRun <= runs.length; nextRun += 2) {
    const end = runs[nextRun] ?? events.length;
    atEvent = serve(events, blockBytes, atEvent, end);
    if (atEvent < end) return { kind: 'outOfMemory', atEvent, reservedBytes: pools.reserved().reservedBytes };
    const endOfRun = runs[nextRun + 1];
    if (endOfRun !== undefined && surelyHolds(events, blockBytes, end, endOfRun)) atEvent = endOfRun;
  }
  return { kind: 'ran', ...totals() };
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
  private blockBytes = new Float64Array(0);
  private allocator: CachingAllocator | undefined;
  private readonly bytesOfLayout = new Map<Layout, number>();

  constructor(
    private readonly dimensions: Dimensions,
    private readonly options: ReplayOptions,
  ) {}

  follow(recorder: TraceRecorder): void {
    if (this.isFull || !recorder.isInOrder || recorder.numEvents - this.numEvents < minNewEvents) return;
    const numBuffers = recorder.numStorages;
    const { serve } = this.allocatorFor(numBuffers);
    const { events, layouts } = recorder.since(this.numEvents, this.numBuffers);
    for (const [i, layout] of layouts.entries()) this.blockBytes[this.numBuffers + i] = this.bytesOf(layout);
    this.isFull = serve(Int32Array.from(events), this.blockBytes, 0, events.length) < events.length;
    this.numEvents += events.length;
    this.numBuffers = numBuffers;
  }

  /** The one so far, or one at the beginning of the trace. */
  private allocatorFor(numBuffers: number): CachingAllocator {
    if (numBuffers > this.blockBytes.length) this.makeRoomFor(2 * numBuffers);
    if (this.allocator === undefined || numBuffers > this.allocator.maxBuffers) {
      this.allocator = allocatorFor(numBuffers);
      [this.numEvents, this.numBuffers] = [0, 0];
      const { expandable, capacityBytes = Number.POSITIVE_INFINITY } = this.options;
      this.allocator.reset(expandable, capacityBytes, false);
    }
    return this.allocator;
  }

  private makeRoomFor(numBuffers: number): void {
    const before = this.blockBytes;
    this.blockBytes = new Float64Array(numBuffers);
    this.blockBytes.set(before);
  }

  private bytesOf(layout: Layout): number {
    const bytes = this.bytesOfLayout.get(layout) ?? blockBytesFor(layoutBytes(layout, this.dimensions));
    this.bytesOfLayout.set(layout, bytes);
    return bytes;
  }
}
