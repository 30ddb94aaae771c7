/** The pools of PyTorch's caching allocator; sizes from c10/cuda/CUDACachingAllocator.h of torch 2.13, no environment settings. */
import { MiB } from '../../units.js';
import { blockTable, free, none } from './block-table.js';
import { freeBlocksOf } from './free-blocks.js';

/** `kMinBlockSize`: every block is a multiple of it. */
export const minBlockBytes = 512;
/** `kSmallSize`: larger requests go to the other pool, and a smaller rest of a large block stays undivided. */
export const smallRequestBytes = MiB;
/** `kSmallBuffer`: segment of the small pool; page of a small expandable segment. */
export const smallSegmentBytes = 2 * MiB;
/** `kLargeBuffer`: segment for requests below `kMinLargeAlloc`; page of a large expandable segment. */
export const largeSegmentBytes = 20 * MiB;
/** `kMinLargeAlloc`: from here on a request gets a segment of its own size. */
export const ownSegmentBytes = 10 * MiB;
/** `kRoundLarge`: granularity of such segments. */
export const ownSegmentGranularityBytes = 2 * MiB;

export const roundUp = (bytes: number, multiple: number): number => Math.ceil(bytes / multiple) * multiple;

/** Bytes of the block that a request of `bytes` gets, before undivided rests. */
export const roundedBytes = (bytes: number): number =>
  bytes < minBlockBytes ? minBlockBytes : roundUp(bytes, minBlockBytes);

/** An array without elements has no block. */
export const blockBytesFor = (bytes: number): number => (bytes === 0 ? 0 : roundedBytes(bytes));

export const smallPool = 0;
export const largePool = 1;

export type Pools = ReturnType<typeof poolsOf>;

/** The blocks of one device, those of them that are free, and what is reserved for them. */
export function poolsOf(maxBlocks: number) {
  const table = blockTable(maxBlocks);
  const { bytes, previous, next, state, pool, unlink } = table;
  const freeBlocks = freeBlocksOf(table, 2);
  const { insert, remove } = freeBlocks;
  let capacityBytes = Number.POSITIVE_INFINITY;
  let reservedBytes = 0;
  let peakReservedBytes = 0;

  function reset(ofCapacityBytes: number): void {
    table.reset();
    freeBlocks.clear();
    capacityBytes = ofCapacityBytes;
    reservedBytes = 0;
    peakReservedBytes = 0;
  }

  /** False: the device has not that much left. */
  function reserve(moreBytes: number): boolean {
    if (reservedBytes + moreBytes > capacityBytes) return false;
    reservedBytes += moreBytes;
    if (reservedBytes > peakReservedBytes) peakReservedBytes = reservedBytes;
    return true;
  }

  function giveBack(lessBytes: number): void {
    reservedBytes -= lessBytes;
  }

  /** Makes `block` free and one with its free neighbours; the block that they became. */
  function release(block: number): number {
    const ofPool = pool[block]!;
    const before = previous[block]!;
    const after = next[block]!;
    let merged = block;
    if (after !== none && state[after] === free) {
      remove(ofPool, after);
      bytes[block]! += bytes[after]!;
      unlink(after);
    }
    if (before !== none && state[before] === free) {
      remove(ofPool, before);
      bytes[before]! += bytes[block]!;
      unlink(block);
      merged = before;
    }
    state[merged] = free;
    insert(ofPool, merged);
    return merged;
  }

  const reserved = () => ({ capacityBytes, reservedBytes, peakReservedBytes });
  return { table, freeBlocks, reset, reserve, giveBack, release, reserved };
}

/** How a pool gets memory from the device and gives it back. */
export interface Segments {
  /** A rest of at least this size is split off a block. */
  minRestBytes(pool: number): number;
  reset(): void;
  /** A free block of at least `bytes`; `none` where the device is full. */
  grow(pool: number, bytes: number): number;
  /** Gives unused memory back, as PyTorch does before it reports that it is out of memory. */
  trim(): void;
}
