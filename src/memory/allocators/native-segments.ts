import { free, none } from './block-table.js';
import {
  largePool,
  largeSegmentBytes,
  minBlockBytes,
  ownSegmentBytes,
  ownSegmentGranularityBytes,
  type Pools,
  roundUp,
  type Segments,
  smallPool,
  smallRequestBytes,
  smallSegmentBytes,
} from './pools.js';

/** The default: one cudaMalloc per segment, which is given back only when none of it is used. */
export class NativeSegments implements Segments {
  readonly #pools: Pools;
  /** Later segments lie higher. The driver's real addresses are unknown; they matter only between free blocks of equal size. */
  #nextAddress = 0;

  constructor(pools: Pools) {
    this.#pools = pools;
  }

  minRestBytes(pool: number): number {
    return pool === smallPool ? minBlockBytes : smallRequestBytes + minBlockBytes;
  }

  reset(): void {
    this.#nextAddress = 0;
  }

  grow(pool: number, bytes: number): number {
    const segmentBytes =
      pool === smallPool
        ? smallSegmentBytes
        : bytes < ownSegmentBytes
          ? largeSegmentBytes
          : roundUp(bytes, ownSegmentGranularityBytes);
    if (!this.#pools.reserve(segmentBytes)) return none;
    const { table, freeBlocks } = this.#pools;
    const segment = table.create(pool, free);
    table.bytes[segment] = segmentBytes;
    table.address[segment] = this.#nextAddress;
    this.#nextAddress += segmentBytes;
    freeBlocks.insert(pool, segment);
    return segment;
  }

  trim(): void {
    const { table, freeBlocks } = this.#pools;
    for (const pool of [smallPool, largePool]) {
      let following = none;
      for (let block = freeBlocks.first(pool); block !== none; block = following) {
        following = freeBlocks.after(pool, block);
        if (table.previous[block] !== none || table.next[block] !== none) continue;
        this.#pools.giveBack(table.bytes[block]!);
        freeBlocks.remove(pool, block);
        table.recycle(block);
      }
    }
  }
}
