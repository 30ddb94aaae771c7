/**
 * PyTorch's CUDACachingAllocator: one stream, default settings, torch 2.13 (c10/cuda/CUDACachingAllocator.cpp).
 * Modelled: rounding, two pools, best fit, splitting, merging, segments, release and retry. Left out, being off by default or
 * unused in such a step: other streams, max_split_size, garbage collection, graph pools, power-of-two rounding.
 */
import { none, unmapped, used } from './block-table.js';
import { ExpandableSegments } from './expandable-segments.js';
import type { FreeBlocks } from './free-blocks.js';
import { NativeSegments } from './native-segments.js';
import { largePool, minBlockBytes, Pools, roundedBytes, type Segments, smallPool, smallRequestBytes } from './pools.js';

const poolOf = (bytes: number): number => (bytes <= smallRequestBytes ? smallPool : largePool);

export class CachingAllocator {
  readonly pools: Pools;
  allocatedBytes = 0;
  peakAllocatedBytes = 0;
  numFlushes = 0;
  #givesBack = true;
  readonly #needed = new Float64Array(2);
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

  /** `givesBack`: what is unused, to make room, before it says that the device is full. */
  reset(expandable: boolean, capacityBytes: number, givesBack = true): void {
    this.#givesBack = givesBack;
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
    const pool = poolOf(bytes);
    let block = this.#bestFit(pool, bytes);
    if (block === none) block = this.#segments.grow(pool, bytes);
    if (block === none && this.#givesBack) {
      this.numFlushes++;
      this.#segments.trim();
      block = this.#segments.grow(pool, bytes);
    }
    if (block === none) return none;
    const taken = this.#take(pool, block, bytes);
    this.allocatedBytes += this.pools.table.bytes[taken]!;
    if (this.allocatedBytes > this.peakAllocatedBytes) this.peakAllocatedBytes = this.allocatedBytes;
    return taken;
  }

  release(block: number): void {
    this.allocatedBytes -= this.pools.table.bytes[block]!;
    this.pools.release(block);
  }

  /**
   * Whether a run of requests, each freed within it, finds what it needs in the cache and raises no peak: it is then as if it had not
   * been. Enough is one free block of each pool that holds them all side by side, each with the largest rest that stays undivided:
   * whatever is given back meanwhile, its end is untouched.
   */
  surelyHolds(requestedBytes: Float64Array, events: Int32Array, begin: number, end: number): boolean {
    const neededBytes = this.#needed.fill(0);
    for (let i = begin; i < end; i++) {
      const event = events[i]!;
      if (event < 0 || requestedBytes[event - 1] === 0) continue;
      const bytes = roundedBytes(requestedBytes[event - 1]!);
      const pool = poolOf(bytes);
      neededBytes[pool]! += bytes + this.#segments.minRestBytes(pool) - minBlockBytes;
    }
    const [small, large] = neededBytes as unknown as readonly [number, number];
    const [smallBlocks, largeBlocks] = this.pools.freeBlocks as readonly [FreeBlocks, FreeBlocks];
    return (
      small <= smallBlocks.largestBytes &&
      large <= largeBlocks.largestBytes &&
      this.allocatedBytes + small + large <= this.peakAllocatedBytes
    );
  }

  /** The first `bytes` of a free block, or all of it where the rest is too small to be of use. */
  #take(pool: number, block: number, bytes: number): number {
    const { table, freeBlocks } = this.pools;
    const restBytes = table.bytes[block]! - bytes;
    let taken = block;
    if (restBytes >= this.#segments.minRestBytes(pool)) {
      taken = table.createBefore(block);
      table.bytes[taken] = bytes;
      table.address[taken] = table.address[block]!;
      freeBlocks[pool]!.giveUp(block, taken);
    } else freeBlocks[pool]!.remove(block);
    table.state[taken] = used;
    return taken;
  }

  /** A free block with unmapped addresses behind it counts as what it can grow to, and is left alone while a tighter one exists. */
  #bestFit(pool: number, bytes: number): number {
    const list = this.pools.freeBlocks[pool]!;
    let block = list.bestFit(bytes);
    if (block === none) return none;
    while (this.#bytesToGrow(block) > 0) {
      const larger = list.after(block);
      if (larger === none || this.#expandedBytes(larger) >= this.#expandedBytes(block)) break;
      block = larger;
    }
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
