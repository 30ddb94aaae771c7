import { blockBytesFor, ownSegmentGranularityBytes } from './pools.js';
import { replayBlocks } from './replay.js';

export interface CapacityBounds {
  /** Too little, or just enough: the peak of live bytes. */
  readonly lowBytes: number;
  /** Enough: what is reserved on a device without limit. */
  readonly highBytes: number;
  readonly expandable: boolean;
  /** What the card at hand has: tried first, so that the answer is on the right side of it. */
  readonly cardBytes?: number;
  /** Stop when the bounds are this close. Segments are multiples of 2 MiB, so that less has no meaning. */
  readonly toleranceBytes?: number;
}

/** Smallest capacity in which the events still run, giving back what is unused when full; by bisection. */
export function minCapacity(
  events: Int32Array,
  bufferBytes: Float64Array,
  { lowBytes, highBytes, expandable, cardBytes, toleranceBytes = ownSegmentGranularityBytes }: CapacityBounds,
): number {
  const blockBytes = bufferBytes.map(blockBytesFor);
  let low = lowBytes;
  let high = highBytes;
  const narrow = (capacityBytes: number): void => {
    if (replayBlocks(events, blockBytes, { expandable, capacityBytes }).kind === 'ran') high = capacityBytes;
    else low = capacityBytes;
  };
  if (cardBytes !== undefined && cardBytes < high) narrow(cardBytes);
  while (high - low > toleranceBytes) narrow(Math.floor((low + high) / 2));
  return high;
}
