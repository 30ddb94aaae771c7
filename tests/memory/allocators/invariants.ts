import { expect } from 'vitest';
import { free, none, unmapped, used } from '../../../src/memory/allocators/block-table.js';
import type { CachingAllocator } from '../../../src/memory/allocators/caching.js';

/** Free blocks of both pools; each list in strict best-fit order. */
function freeBlocks({ pools }: CachingAllocator): Set<number> {
  const blocks = new Set<number>();
  const { bytes, address } = pools.table;
  for (const list of pools.freeBlocks) {
    let previous = none;
    for (let block = list.bestFit(0); block !== none; block = list.after(block)) {
      if (previous !== none) {
        const inOrder =
          bytes[previous]! < bytes[block]! ||
          (bytes[previous]! === bytes[block]! && address[previous]! < address[block]!);
        expect(inOrder, 'free blocks are sorted').toBe(true);
      }
      blocks.add(block);
      previous = block;
    }
  }
  return blocks;
}

/** First blocks of all segments that hold a live or a free block. */
function segments({ pools: { table } }: CachingAllocator, blocks: Iterable<number>): Set<number> {
  const heads = new Set<number>();
  for (let block of blocks) {
    while (table.previous[block] !== none) block = table.previous[block]!;
    heads.add(block);
  }
  return heads;
}

/** What must hold after every event; `live` maps block to requested bytes. */
export function expectConsistent(allocator: CachingAllocator, live: ReadonlyMap<number, number>): void {
  const { table, reservedBytes, capacityBytes } = allocator.pools;
  const freeOnes = freeBlocks(allocator);
  const seen = new Set<number>();
  let mappedBytes = 0;
  let usedBytes = 0;
  for (const head of segments(allocator, [...live.keys(), ...freeOnes])) {
    for (let block = head; block !== none; block = table.next[block]!) {
      seen.add(block);
      const state = table.state[block];
      const next = table.next[block]!;
      if (state !== unmapped) mappedBytes += table.bytes[block]!;
      if (state === used) usedBytes += table.bytes[block]!;
      if (next === none) continue;
      expect(table.address[next], 'blocks tile their segment').toBe(table.address[block]! + table.bytes[block]!);
      expect(table.previous[next], 'links go both ways').toBe(block);
      expect(table.pool[next], 'a segment belongs to one pool').toBe(table.pool[block]);
      if (state !== used) expect(table.state[next], 'free neighbours are merged').not.toBe(state);
    }
  }
  for (const block of seen) {
    expect(table.state[block] === free, 'free blocks are in their list').toBe(freeOnes.has(block));
    expect(table.state[block] === used, 'used blocks are live').toBe(live.has(block));
  }
  let requestedBytes = 0;
  for (const [block, bytes] of live) {
    expect(seen.has(block), 'a live block lies in a segment').toBe(true);
    expect(table.bytes[block]).toBeGreaterThanOrEqual(bytes);
    requestedBytes += bytes;
  }
  expect(reservedBytes, 'reserved is what the segments hold').toBe(mappedBytes);
  expect(allocator.allocatedBytes, 'allocated is what is used').toBe(usedBytes);
  expect(usedBytes).toBeGreaterThanOrEqual(requestedBytes);
  expect(reservedBytes).toBeGreaterThanOrEqual(usedBytes);
  expect(reservedBytes, 'never above the capacity').toBeLessThanOrEqual(capacityBytes);
}

/** Live blocks, and segments among themselves, have no byte in common. */
export function expectDisjoint(
  { pools: { table } }: CachingAllocator,
  live: ReadonlyMap<number, number>,
  expandable: boolean,
): void {
  const byAddress = [...live.keys()].sort((a, b) => table.address[a]! - table.address[b]!);
  // Each pool of expandable segments has addresses of its own; native segments share one space.
  for (const pool of expandable ? [0, 1] : [undefined]) {
    let end = 0;
    for (const block of byAddress) {
      if (pool !== undefined && table.pool[block] !== pool) continue;
      expect(table.address[block]).toBeGreaterThanOrEqual(end);
      end = table.address[block]! + table.bytes[block]!;
    }
  }
}
