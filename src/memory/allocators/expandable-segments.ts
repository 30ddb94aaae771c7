import { free, none, unmapped, used } from './block-table.js';
import { largePool, type Pools, smallPool } from './pools.js';
import { largeSegmentBytes, minBlockBytes, roundUp, smallSegmentBytes } from './rounding.js';
import type { Segments } from './segments.js';

/** By pool: memory comes and goes in pages of this size. */
const pageBytes = [smallSegmentBytes, largeSegmentBytes] as const;

/**
 * `expandable_segments:True`: each pool is one range of addresses whose pages get memory when needed and can lose it one by one.
 * The range is endless here (its last block is a hole without end); PyTorch's is 9/8 of the device's memory.
 */
export class ExpandableSegments implements Segments {
  readonly #pools: Pools;
  /** By pool: where the range begins. */
  readonly #first = new Int32Array(2);
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
      const range = this.#pools.table.create(pool, 0, Number.POSITIVE_INFINITY, unmapped);
      this.#first[pool] = range;
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
      for (let block = this.#first[pool]!; block !== none; block = table.next[block]!) {
        if (table.state[block] === free) block = this.#unmapWholePages(block);
      }
      this.#lowestHole[pool] = this.#holeFrom(this.#first[pool]!);
    }
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
    const { table, freeBlocks } = this.#pools;
    let block = start;
    if (table.state[block] === unmapped) block = this.#map(block, bytes);
    while (block !== none && table.bytes[block]! < bytes) {
      block = this.#map(table.next[block]!, bytes - table.bytes[block]!);
    }
    if (block !== none) freeBlocks[table.pool[block]!]!.remove(block);
    return block;
  }

  /** The free block that the first pages of `hole` became part of. */
  #map(hole: number, bytes: number): number {
    const { table } = this.#pools;
    const pool = table.pool[hole]!;
    const mappedBytes = roundUp(Math.min(bytes, table.bytes[hole]!), pageBytes[pool]!);
    if (!this.#pools.reserve(mappedBytes)) return none;
    if (mappedBytes < table.bytes[hole]!) table.split(hole, mappedBytes);
    const isLowest = hole === this.#lowestHole[pool];
    const block = this.#pools.release(hole);
    if (isLowest) this.#lowestHole[pool] = this.#holeFrom(block);
    return block;
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
    const list = freeBlocks[pool]!;
    list.remove(block);
    let hole = block;
    if (begin > address) {
      hole = table.split(block, begin - address);
      list.insert(block);
    }
    if (table.bytes[hole]! > end - begin) list.insert(table.split(hole, end - begin));
    table.state[hole] = unmapped;
    this.#pools.reservedBytes -= end - begin;
    return this.#mergeHole(hole);
  }

  #mergeHole(hole: number): number {
    const { table } = this.#pools;
    const previous = table.previous[hole]!;
    const next = table.next[hole]!;
    if (next !== none && table.state[next] === unmapped) table.absorbNext(hole);
    if (previous === none || table.state[previous] !== unmapped) return hole;
    table.absorbNext(previous);
    return previous;
  }
}
