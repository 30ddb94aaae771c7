/**
 * PyTorch's CUDACachingAllocator: one stream, default settings, torch 2.13 (c10/cuda/CUDACachingAllocator.cpp).
 * Modelled: rounding, two pools, best fit, splitting, merging, segments, release and retry. Left out, being off by default or
 * unused in such a step: other streams, max_split_size, garbage collection, graph pools, power-of-two rounding.
 */
import { free, none, unmapped, used, wanted } from './block-table.js';
import { ExpandableSegments } from './expandable-segments.js';
import { NativeSegments } from './native-segments.js';
import { largePool, minBlockBytes, poolsOf, type Segments, smallPool, smallRequestBytes } from './pools.js';

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
  const { release } = pools;
  const native = new NativeSegments(pools);
  const expandable = new ExpandableSegments(pools);
  const blockOfBuffer = new Int32Array(maxBuffers);
  /** Bytes in columns, too: V8 makes an object of each number that a variable is set to. */
  const allocated = new Float64Array(2);
  /** By pool: a rest of at least this size is split off a block. */
  const minRestBytes = new Float64Array(new ArrayBuffer(16));
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

  /**
   * Events of a `Trace` from `begin` to `end`, until the device is full even after giving back what is unused: then the event at which
   * it is, else `end`. `blockBytes`: by buffer, rounded already; one without elements has no block.
   */
  function serve(events: Int32Array, blockBytes: Float64Array, begin: number, end: number): number {
    let nowBytes = allocated[now]!;
    let peakBytes = allocated[peak]!;
    let at = begin;
    for (; at < end; at++) {
      const event = events[at]!;
      const buffer = event < 0 ? -event - 1 : event - 1;
      if (blockBytes[buffer] === 0) continue;
      if (event < 0) {
        nowBytes -= bytes[blockOfBuffer[buffer]!]!;
        release(blockOfBuffer[buffer]!);
        continue;
      }
      bytes[wanted] = blockBytes[buffer]!;
      const block = allocate();
      if (block === none) break;
      blockOfBuffer[buffer] = block;
      nowBytes += bytes[block]!;
      if (nowBytes > peakBytes) peakBytes = nowBytes;
    }
    allocated[now] = nowBytes;
    allocated[peak] = peakBytes;
    return at;
  }

  /** A block for what is wanted, or `none`. */
  function allocate(): number {
    const pool = poolOf(bytes[wanted]!);
    let block = bestFit(pool);
    if (block === none) block = grown(pool);
    else if (segments === expandable) block = tightest(pool, block);
    return block === none ? none : take(pool, block);
  }

  /**
   * Whether a run of requests, each freed within it, finds what it needs in the cache and raises no peak: it is then as if it had not
   * been. Enough is one free block of each pool that holds them all side by side, each with the largest rest that stays undivided:
   * whatever is given back meanwhile, its end is untouched.
   */
  function surelyHolds(events: Int32Array, blockBytes: Float64Array, begin: number, end: number): boolean {
    let small = 0;
    let large = 0;
    for (let at = begin; at < end; at++) {
      const event = events[at]!;
      const each = event < 0 ? 0 : blockBytes[event - 1]!;
      if (each === 0) continue;
      if (poolOf(each) === smallPool) small += each + minRestBytes[smallPool]! - minBlockBytes;
      else large += each + minRestBytes[largePool]! - minBlockBytes;
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

  const totals = () => ({
    peakReservedBytes: pools.reserved().peakReservedBytes,
    peakAllocatedBytes: allocated[peak]!,
    numFlushes,
  });
  return { maxBuffers, pools, blockOfBuffer, reset, serve, surelyHolds, totals };
}
