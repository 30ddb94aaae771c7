/**
 * PyTorch's CUDACachingAllocator: one stream, default settings, torch 2.13 (c10/cuda/CUDACachingAllocator.cpp).
 * Modelled: rounding, two pools, best fit, splitting, merging, segments, release and retry. Left out, being off by default or
 * unused in such a step: other streams, max_split_size, garbage collection, graph pools, power-of-two rounding.
 */
import { none, unmapped, used } from './block-table.js';
import { ExpandableSegments } from './expandable-segments.js';
import { NativeSegments } from './native-segments.js';
import { largePool, Pools, smallPool } from './pools.js';
import { roundedBytes, smallRequestBytes } from './rounding.js';
import type { Segments } from './segments.js';

export class CachingAllocator {
  readonly pools: Pools;
  allocatedBytes = 0;
  peakAllocatedBytes = 0;
  numFlushes = 0;
  readonly #native: NativeSegments;
  readonly #expandable: ExpandableSegments;
  #segments: Segments;

  /** @param maxAllocations between two resets. */
  constructor(maxAllocations: number) {
    // An allocation adds at most a rest and, in expandable segments, a hole; giving pages back adds a rest on either side of it.
    this.pools = new Pools(4 * maxAllocations + 2);
    this.#native = new NativeSegments(this.pools);
    this.#expandable = new ExpandableSegments(this.pools);
    this.#segments = this.#native;
  }

  reset(expandable: boolean, capacityBytes: number): void {
    this.pools.reset(capacityBytes);
    this.allocatedBytes = 0;
    this.peakAllocatedBytes = 0;
    this.numFlushes = 0;
    this.#segments = expandable ? this.#expandable : this.#native;
    this.#segments.reset();
  }

  /** The block, or `none` where the device is full even after giving back what is unused. */
  allocate(requestedBytes: number): number {
    const bytes = roundedBytes(requestedBytes);
    const pool = bytes <= smallRequestBytes ? smallPool : largePool;
    let block = this.#takeBestFit(pool, bytes);
    if (block === none) block = this.#segments.grow(pool, bytes);
    if (block === none) {
      this.numFlushes++;
      this.#segments.trim();
      block = this.#segments.grow(pool, bytes);
      if (block === none) return none;
    }
    const { table, freeBlocks } = this.pools;
    if (table.bytes[block]! - bytes >= this.#segments.minRestBytes(pool))
      freeBlocks[pool]!.insert(table.split(block, bytes));
    table.state[block] = used;
    this.allocatedBytes += table.bytes[block]!;
    if (this.allocatedBytes > this.peakAllocatedBytes) this.peakAllocatedBytes = this.allocatedBytes;
    return block;
  }

  release(block: number): void {
    this.allocatedBytes -= this.pools.table.bytes[block]!;
    this.pools.release(block);
  }

  /** A free block with unmapped addresses behind it counts as what it can grow to, and is left alone while a tighter one exists. */
  #takeBestFit(pool: number, bytes: number): number {
    const list = this.pools.freeBlocks[pool]!;
    let block = list.bestFit(bytes);
    if (block === none) return none;
    while (this.#bytesToGrow(block) > 0) {
      const larger = list.after(block);
      if (larger === none || this.#expandedBytes(larger) >= this.#expandedBytes(block)) break;
      block = larger;
    }
    list.remove(block);
    return block;
  }

  #expandedBytes(block: number): number {
    return this.pools.table.bytes[block]! + this.#bytesToGrow(block);
  }

  #bytesToGrow(block: number): number {
    const { table } = this.pools;
    const next = table.next[block]!;
    return next !== none && table.state[next] === unmapped ? table.bytes[next]! : 0;
  }
}
