/**
 * What the caching allocator reserves for one trace at many sizes, on a device without limit. There the two pools never meet, and
 * neither ever gives memory back: what is reserved is the sum of what each pool reserves for its own requests. The small pool's
 * (biases, statistics, weights of a narrow model) are the same at every batch and mesh, so that its replays are remembered.
 */
import type { Trace } from '../trace.js';
import { replayWithoutLimit } from './replay.js';
import { roundedBytes, smallRequestBytes } from './rounding.js';

interface SizeClasses {
  /** Events of the buffers of each pool, in the trace's order. */
  readonly smallEvents: Int32Array;
  readonly largeEvents: Int32Array;
}

export class PoolReplays {
  private readonly classesOf = new Map<string, SizeClasses>();
  private readonly smallReserved = new Map<string, number>();

  constructor(private readonly trace: Trace) {}

  /** `peakReservedBytes` of `replayCaching` without a capacity. */
  peakReservedBytes(bytesOfLayout: Float64Array, bytesOfBuffer: Float64Array, expandable: boolean): number {
    const isSmall = Array.from(bytesOfLayout, (bytes) => roundedBytes(bytes) <= smallRequestBytes);
    const mask = isSmall.map(Number).join('');
    let classes = this.classesOf.get(mask);
    if (classes === undefined) {
      classes = { smallEvents: this.eventsOf(isSmall, true), largeEvents: this.eventsOf(isSmall, false) };
      this.classesOf.set(mask, classes);
    }
    const { smallEvents, largeEvents } = classes;
    const smallStep = `${expandable} ${mask} ${bytesOfLayout.filter((_, layout) => isSmall[layout])}`;
    let small = this.smallReserved.get(smallStep);
    if (small === undefined) {
      small = replayWithoutLimit(smallEvents, bytesOfBuffer, expandable).peakReservedBytes;
      this.smallReserved.set(smallStep, small);
    }
    return small + replayWithoutLimit(largeEvents, bytesOfBuffer, expandable).peakReservedBytes;
  }

  private eventsOf(isSmall: readonly boolean[], small: boolean): Int32Array {
    const { events, bufferLayout } = this.trace;
    return events.filter((event) => isSmall[bufferLayout[Math.abs(event) - 1]!] === small);
  }
}
