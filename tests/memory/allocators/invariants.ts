import { free, none, used } from '../../../src/memory/allocators/block-table.js';
import { type CachingAllocator, cachingAllocator } from '../../../src/memory/allocators/caching.js';
import { largePool, roundedBytes, smallPool } from '../../../src/memory/allocators/pools.js';

/** An allocator that serves a trace of which the next event is not known yet. */
export class EventByEvent {
  readonly #allocator: CachingAllocator;
  readonly #blockBytes: Float64Array;
  readonly #bufferOfBlock = new Map<number, number>();
  #numBuffers = 0;

  constructor(maxBuffers: number) {
    this.#allocator = cachingAllocator(maxBuffers);
    this.#blockBytes = new Float64Array(maxBuffers);
  }

  reset(expandable: boolean, capacityBytes: number): void {
    this.#allocator.reset(expandable, capacityBytes);
    this.#numBuffers = 0;
  }

  /** The block, or `none`. */
  allocate(bytes: number): number {
    const buffer = this.#numBuffers++;
    this.#blockBytes[buffer] = roundedBytes(bytes);
    if (!this.#serves(buffer + 1)) return none;
    const block = this.#allocator.blockOfBuffer[buffer]!;
    this.#bufferOfBlock.set(block, buffer);
    return block;
  }

  release(block: number): void {
    this.#serves(-this.#bufferOfBlock.get(block)! - 1);
  }

  #serves(event: number): boolean {
    return this.#allocator.serve(Int32Array.of(event), this.#blockBytes, 0, 1) === 1;
  }

  get pools(): CachingAllocator['pools'] {
    return this.#allocator.pools;
  }

  get reservedBytes(): number {
    return this.pools.reserved().reservedBytes;
  }

  totals(): ReturnType<CachingAllocator['totals']> {
    return this.#allocator.totals();
  }
}

/** `expect` is too slow for a million checks. */
function must(holds: boolean, law: string): void {
  if (!holds) throw new Error(`broken: ${law}`);
}

function freeBlocks({ pools }: EventByEvent): Set<number> {
  const blocks = new Set<number>();
  const { bytes, address } = pools.table;
  for (const pool of [smallPool, largePool]) {
    let previous = none;
    for (let block = pools.freeBlocks.first(pool); block !== none; block = pools.freeBlocks.after(pool, block)) {
      const inOrder =
        previous === none ||
        bytes[previous]! < bytes[block]! ||
        (bytes[previous] === bytes[block] && address[previous]! < address[block]!);
      must(inOrder, 'free blocks are in best-fit order');
      blocks.add(block);
      previous = block;
    }
  }
  return blocks;
}

/** All blocks of the segments that hold one of `members`, segment by segment. */
function* blocksOfSegments({ pools: { table } }: EventByEvent, members: Iterable<number>): Generator<number> {
  const seen = new Set<number>();
  for (const member of members) {
    if (seen.has(member)) continue;
    let block = member;
    while (table.previous[block] !== none) block = table.previous[block]!;
    for (; block !== none; block = table.next[block]!) {
      seen.add(block);
      yield block;
    }
  }
}

/** What must hold after every event; `live` maps block to requested bytes. How many bytes are allocated. */
export function mustBeConsistent(allocator: EventByEvent, live: ReadonlyMap<number, number>): number {
  const { table } = allocator.pools;
  const { reservedBytes, capacityBytes } = allocator.pools.reserved();
  const freeOnes = freeBlocks(allocator);
  let numUsed = 0;
  let numFree = 0;
  let usedBytes = 0;
  let freeBytes = 0;
  for (const block of blocksOfSegments(allocator, [...live.keys(), ...freeOnes])) {
    const state = table.state[block];
    if (state === used) {
      numUsed++;
      usedBytes += table.bytes[block]!;
      must(live.has(block), 'used blocks are live');
    } else if (state === free) {
      numFree++;
      freeBytes += table.bytes[block]!;
      must(freeOnes.has(block), 'free blocks are in their list');
    }
    const next = table.next[block]!;
    if (next === none) continue;
    must(table.address[next] === table.address[block]! + table.bytes[block]!, 'blocks tile their segment');
    must(table.previous[next] === block, 'links go both ways');
    must(table.pool[next] === table.pool[block], 'a segment belongs to one pool');
    must(state === used || table.state[next] !== state, 'neighbours that are free, or unmapped, are one block');
  }
  must(numUsed === live.size, 'live blocks are used');
  must(numFree === freeOnes.size, 'blocks in a free list are free');
  let requestedBytes = 0;
  for (const [block, bytes] of live) {
    must(table.bytes[block]! >= bytes, 'a block holds its request');
    requestedBytes += bytes;
  }
  must(reservedBytes === usedBytes + freeBytes, 'reserved is what is used or free');
  must(requestedBytes <= usedBytes && usedBytes <= reservedBytes, 'requested ≤ allocated ≤ reserved');
  must(reservedBytes <= capacityBytes, 'reserved ≤ capacity');
  return usedBytes;
}

/** Live blocks have no byte in common. Each pool of expandable segments has addresses of its own; native segments share one space. */
export function mustBeDisjoint(
  { pools: { table } }: EventByEvent,
  live: ReadonlyMap<number, number>,
  expandable: boolean,
): void {
  const byAddress = [...live.keys()].sort((a, b) => table.address[a]! - table.address[b]!);
  const ends = [0, 0];
  for (const block of byAddress) {
    const space = expandable ? table.pool[block]! : 0;
    must(table.address[block]! >= ends[space]!, 'live blocks are disjoint');
    ends[space] = table.address[block]! + table.bytes[block]!;
  }
}
