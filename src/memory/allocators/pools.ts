import { BlockTable, free, none } from './block-table.js';
import { FreeBlocks } from './free-blocks.js';

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
