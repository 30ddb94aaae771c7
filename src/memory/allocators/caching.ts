/**
 * PyTorch's CUDACachingAllocator: one stream, default settings, torch 2.13 (c10/cuda/CUDACachingAllocator.cpp).
 * Modelled: rounding, two pools, best fit, splitting, merging, segments, release and retry. Left out, being off by default or
 * unused in such a step: other streams, max_split_size, garbage collection, graph pools, power-of-two rounding.
 */
import { free, none, unmapped, used, wanted } from './block-table.js';
import { ExpandableSegments } from './expandable-segments.js';
import { NativeSegments } from './native-segments.js';
import {
  largePool,
  minBlockBytes,
  poolsOf,
  roundedBytes,
  type Segments,
  smallPool,
  smallRequestBytes,
} from './pools.js';

const poolOf = (bytes: number): number => (bytes <= smallRequestBytes ? smallPool : largePool);

/** Places in `allocated`. */
const now = 0;
const peak = 1;

export type CachingAllocator = ReturnType<typeof cachingAllocator>;

/** @param maxBuffers that one replay may have. */
export function cachingAllocator(maxBuffers: number) {
  // An allocation adds at most a rest and, in expandable segments, a hole; giving pages back adds a rest on either side of it.
  const pools = poolsOf(4 * maxBuffers + 2);
  const { table, freeBlocks } = pools;
  const { bytes, address, next, state, createBefore } = table;
  const { bestFit, insert, remove } = freeBlocks;
  const native = new NativeSegments(pools);
  const expandable = new ExpandableSegments(pools);
  const blockOfBuffer = new Int32Array(maxBuffers);
  /** Bytes in columns, too: V8 makes an object of each number that a variable is set to. */
  const allocated = new Float64Array(2);
  /** By pool: a rest of at least this size is split off a block. */
  const minRestBytes = new Float64Array(2);
  let segments: Segments = native;
  let givesBack = true;
  let numFlushes = 0;

  /** `ifGivesBack`: what is unused, to make room, before it says that the device is full. */
  function reset(inExpandable: boolean, capacityBytes: number, ifGivesBack = true): void {
    givesBack = ifGivesBack;
    pools.reset(capacityBytes);
    allocated.fill(0);
    numFlushes = 0;
    segments = inExpandable ? expandable : native;
    segments.reset();
    for (const pool of [smallPool, largePool]) minRestBytes[pool] = segments.minRestBytes(pool);
  }

  /** `event` as in a `Trace`; a buffer without elements has no block. False: the device is full. */
  function isServed(event: number, bytesOfBuffer: Float64Array): boolean {
    const buffer = event < 0 ? -event - 1 : event - 1;
    if (bytesOfBuffer[buffer] === 0) return true;
    if (event < 0) {
      release(blockOfBuffer[buffer]!);
      return true;
    }
    const block = allocate(bytesOfBuffer[buffer]!);
    blockOfBuffer[buffer] = block;
    return block !== none;
  }

  /** The block, or `none` where the device is full even after giving back what is unused. */
  function allocate(requestedBytes: number): number {
    bytes[wanted] = roundedBytes(requestedBytes);
    return allocateWanted();
  }

  function allocateWanted(): number {
    const pool = poolOf(bytes[wanted]!);
    let block = bestFit(pool, wanted);
    if (block === none) block = grown(pool);
    else if (segments === expandable) block = tightest(pool, block);
    if (block === none) return none;
    const taken = take(pool, block);
    allocated[now]! += bytes[taken]!;
    if (allocated[now]! > allocated[peak]!) allocated[peak] = allocated[now]!;
    return taken;
  }

  function release(block: number): void {
    allocated[now]! -= bytes[block]!;
    pools.release(block);
  }

  /**
   * Whether a run of requests, each freed within it, finds what it needs in the cache and raises no peak: it is then as if it had not
   * been. Enough is one free block of each pool that holds them all side by side, each with the largest rest that stays undivided:
   * whatever is given back meanwhile, its end is untouched.
   */
  function surelyHolds(bytesOfBuffer: Float64Array, events: Int32Array, begin: number, end: number): boolean {
    let small = 0;
    let large = 0;
    for (let i = begin; i < end; i++) {
      const event = events[i]!;
      if (event < 0 || bytesOfBuffer[event - 1] === 0) continue;
      const rounded = roundedBytes(bytesOfBuffer[event - 1]!);
      if (poolOf(rounded) === smallPool) small += rounded + minRestBytes[smallPool]! - minBlockBytes;
      else large += rounded + minRestBytes[largePool]! - minBlockBytes;
    }
    return (
      small <= freeBlocks.largestBytes(smallPool) &&
      large <= freeBlocks.largestBytes(largePool) &&
      allocated[now]! + small + large <= allocated[peak]!
    );
  }

  function grown(pool: number): number {
    const block = segments.grow(pool, bytes[wanted]!);
    if (block !== none || !givesBack) return block;
    numFlushes++;
    segments.trim();
    return segments.grow(pool, bytes[wanted]!);
  }

  /** What is wanted at the beginning of a free block, or all of it where the rest is too small to be of use. */
  function take(pool: number, block: number): number {
    const restBytes = bytes[block]! - bytes[wanted]!;
    remove(pool, block);
    state[block] = used;
    if (restBytes < minRestBytes[pool]!) return block;
    const taken = createBefore(block);
    bytes[taken] = bytes[wanted]!;
    address[taken] = address[block]!;
    bytes[block] = restBytes;
    address[block]! += bytes[wanted]!;
    state[block] = free;
    insert(pool, block);
    return taken;
  }

  /** A free block with unmapped addresses behind it counts as what it can grow to, and is left alone while a tighter one exists. */
  function tightest(pool: number, fitting: number): number {
    let block = fitting;
    while (bytesToGrow(block) > 0) {
      const larger = freeBlocks.after(pool, block);
      if (larger === none || expandedBytes(larger) >= expandedBytes(block)) break;
      block = larger;
    }
    return block;
  }

  function expandedBytes(block: number): number {
    return bytes[block]! + bytesToGrow(block);
  }

  function bytesToGrow(block: number): number {
    const after = next[block]!;
    return after !== none && state[after] === unmapped ? bytes[after]! : 0;
  }

  const allocatedBytes = (): number => allocated[now]!;
  const totals = () => {
    const { peakReservedBytes } = pools.reserved();
    return { peakReservedBytes, peakAllocatedBytes: allocated[peak]!, numFlushes };
  };
  return { maxBuffers, pools, reset, isServed, allocate, release, surelyHolds, allocatedBytes, totals };
}
