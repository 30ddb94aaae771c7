import { free, none, unmapped, used } from './block-table.js';
import {
  largePool,
  largeSegmentBytes,
  minBlockBytes,
  type Pools,
  roundUp,
  type Segments,
  smallPool,
  smallSegmentBytes,
} from './pools.js';

/** By pool: memory comes and goes in pages of this size. */
const pageBytes = [smallSegmentBytes, largeSegmentBytes] as const;

/**
 * `expandable_segments:True`: each pool is one range of addresses whose pages get memory when needed and can lose it one by one.
 * The range is endless here (its last block is a hole without end); PyTorch's is 9/8 of the device's memory.
 */
export class ExpandableSegments implements Segments {
  readonly #pools: Pools;
  /** By pool: the lowest unmapped block. */
  readonly #lowestHole = new Int32Array(2);

  constructor(pools: Pools) {
    this.#pools = pools;
  }

  minRestBytes(): number {
    return minBlockBytes;
  }

  reset(): void {
    for (const pool of [smallPool, largePool]) {
      const { table } = this.#pools;
      const range = table.create(pool, unmapped);
      table.bytes[range] = Number.POSITIVE_INFINITY;
      table.address[range] = 0;
      this.#lowestHole[pool] = range;
    }
  }

  /** Maps the lowest run of free and unmapped blocks that is long enough. */
  grow(pool: number, bytes: number): number {
    const { table } = this.#pools;
    let hole = this.#lowestHole[pool]!;
    for (;;) {
      const previous = table.previous[hole]!;
      const start = previous !== none && table.state[previous] === free ? previous : hole;
      if (this.#hasRoom(start, bytes)) return this.#mapRun(start, bytes);
      hole = this.#holeFrom(table.next[hole]!);
    }
  }

  trim(): void {
    const { table } = this.#pools;
    for (const pool of [smallPool, largePool]) {
      for (let block = this.#first(pool); block !== none; block = table.next[block]!) {
        if (table.state[block] === free) block = this.#unmapWholePages(block);
      }
      this.#lowestHole[pool] = this.#holeFrom(this.#first(pool));
    }
  }

  /** Where the range begins. */
  #first(pool: number): number {
    const { table } = this.#pools;
    let block = this.#lowestHole[pool]!;
    while (table.previous[block] !== none) block = table.previous[block]!;
    return block;
  }

  #holeFrom(start: number): number {
    const { table } = this.#pools;
    let block = start;
    while (table.state[block] !== unmapped) block = table.next[block]!;
    return block;
  }

  #hasRoom(start: number, bytes: number): boolean {
    const { table } = this.#pools;
    let room = 0;
    for (let block = start; block !== none && table.state[block] !== used; block = table.next[block]!) {
      room += table.bytes[block]!;
      if (room >= bytes) return true;
    }
    return false;
  }

  /** What was mapped stays mapped where the device is full half way, as in PyTorch. */
  #mapRun(start: number, bytes: number): number {
    const { table } = this.#pools;
    let block = start;
    if (table.state[block] === unmapped) block = this.#map(block, bytes);
    while (block !== none && table.bytes[block]! < bytes) {
      block = this.#map(table.next[block]!, bytes - table.bytes[block]!);
    }
    return block;
  }

  /** The free block that the first pages of `hole` became part of. */
  #map(hole: number, bytes: number): number {
    const { table } = this.#pools;
    const pool = table.pool[hole]!;
    const mappedBytes = roundUp(Math.min(bytes, table.bytes[hole]!), pageBytes[pool]!);
    if (!this.#pools.reserve(mappedBytes)) return none;
    const isLowest = hole === this.#lowestHole[pool];
    const mapped = mappedBytes < table.bytes[hole]! ? this.#cut(hole, mappedBytes) : hole;
    const block = this.#pools.release(mapped);
    if (isLowest) this.#lowestHole[pool] = this.#holeFrom(block);
    return block;
  }

  /** The first `bytes` of a block that is in no list, as a block of their own. */
  #cut(block: number, bytes: number): number {
    const { table } = this.#pools;
    const first = table.createBefore(block);
    table.bytes[first] = bytes;
    table.address[first] = table.address[block]!;
    table.bytes[block]! -= bytes;
    table.address[block]! += bytes;
    return first;
  }

  /** The last block of those that `block` was divided into or merged with. */
  #unmapWholePages(block: number): number {
    const { table, freeBlocks } = this.#pools;
    const pool = table.pool[block]!;
    const page = pageBytes[pool]!;
    const address = table.address[block]!;
    const begin = roundUp(address, page);
    const end = Math.floor((address + table.bytes[block]!) / page) * page;
    if (begin >= end) return block;
    freeBlocks.remove(pool, block);
    if (begin > address) freeBlocks.insert(pool, this.#cut(block, begin - address));
    let hole = block;
    if (table.bytes[block]! > end - begin) {
      hole = this.#cut(block, end - begin);
      freeBlocks.insert(pool, block);
    }
    table.state[hole] = unmapped;
    this.#pools.giveBack(end - begin);
    return this.#mergeHole(hole);
  }

  #mergeHole(hole: number): number {
    const { table } = this.#pools;
    const previous = table.previous[hole]!;
    const next = table.next[hole]!;
    if (next !== none && table.state[next] === unmapped) {
      table.bytes[hole]! += table.bytes[next]!;
      table.unlink(next);
    }
    if (previous === none || table.state[previous] !== unmapped) return hole;
    table.bytes[previous]! += table.bytes[hole]!;
    table.unlink(hole);
    return previous;
  }
}
