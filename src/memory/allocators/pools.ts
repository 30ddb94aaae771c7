/** The pools of PyTorch's caching allocator; sizes from c10/cuda/CUDACachingAllocator.h of torch 2.13, no environment settings. */
import { MiB } from '../../units.js';
import { BlockTable, free, none } from './block-table.js';
import { FreeBlocks } from './free-blocks.js';

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

export const smallPool = 0;
export const largePool = 1;

/** The blocks of one device, those of them that are free, and what is reserved for them. */
export class Pools {
  readonly table: BlockTable;
  /** By pool. */
  readonly freeBlocks: readonly FreeBlocks[];
  capacityBytes = Number.POSITIVE_INFINITY;
  reservedBytes = 0;
  peakReservedBytes = 0;

  constructor(maxBlocks: number) {
    this.table = new BlockTable(maxBlocks);
    this.freeBlocks = [new FreeBlocks(this.table), new FreeBlocks(this.table)];
  }

  reset(capacityBytes: number): void {
    this.table.reset();
    for (const list of this.freeBlocks) list.clear();
    this.capacityBytes = capacityBytes;
    this.reservedBytes = 0;
    this.peakReservedBytes = 0;
  }

  /** False: the device has not that much left. */
  reserve(bytes: number): boolean {
    if (this.reservedBytes + bytes > this.capacityBytes) return false;
    this.reservedBytes += bytes;
    if (this.reservedBytes > this.peakReservedBytes) this.peakReservedBytes = this.reservedBytes;
    return true;
  }

  /** Makes `block` free and one with its free neighbours; the block that they became. */
  release(block: number): number {
    const { table } = this;
    const list = this.freeBlocks[table.pool[block]!]!;
    const previous = table.previous[block]!;
    const next = table.next[block]!;
    const nextIsFree = next !== none && table.state[next] === free;
    if (previous !== none && table.state[previous] === free) {
      if (nextIsFree) {
        list.remove(next);
        table.bytes[block]! += table.bytes[next]!;
        table.unlink(next);
      }
      list.absorb(previous, block);
      table.unlink(block);
      return previous;
    }
    if (nextIsFree) {
      list.absorb(next, block);
      table.unlink(block);
      return next;
    }
    table.state[block] = free;
    list.insert(block);
    return block;
  }
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
