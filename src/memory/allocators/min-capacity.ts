import { replayCaching } from './replay.js';
import { ownSegmentGranularityBytes } from './rounding.js';

export interface CapacityBounds {
  /** Too little, or just enough: the peak of live bytes. */
  readonly lowBytes: number;
  /** Enough: what is reserved on a device without limit. */
  readonly highBytes: number;
  readonly expandable: boolean;
  /** Stop when the bounds are this close. Segments are multiples of 2 MiB, so that less has no meaning. */
  readonly toleranceBytes?: number;
}

/** Smallest capacity in which the events still run, giving back what is unused when full; by bisection. */
export function minCapacity(
  events: Int32Array,
  bufferBytes: Float64Array,
  { lowBytes, highBytes, expandable, toleranceBytes = ownSegmentGranularityBytes }: CapacityBounds,
): number {
  let low = lowBytes;
  let high = highBytes;
  while (high - low > toleranceBytes) {
    const capacityBytes = Math.floor((low + high) / 2);
    if (replayCaching(events, bufferBytes, { expandable, capacityBytes }).kind === 'ran') high = capacityBytes;
    else low = capacityBytes;
  }
  return high;
}
