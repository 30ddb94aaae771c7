import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { none } from '../../../src/memory/allocators/block-table.js';
import { minCapacity } from '../../../src/memory/allocators/min-capacity.js';
import { roundedBytes } from '../../../src/memory/allocators/pools.js';
import { replayCaching, replayWithoutLimit } from '../../../src/memory/allocators/replay.js';
import { GiB, KiB, MiB } from '../../../src/units.js';
import { EventByEvent, mustBeConsistent, mustBeDisjoint } from './invariants.js';
import { PlainAllocator } from './plain-allocator.js';

const requestBytes = fc.oneof(
  fc.integer({ min: 1, max: 4 * KiB }),
  fc.integer({ min: 1, max: 40 * MiB }),
  fc.constantFrom(512, 513, MiB, MiB + 1, 2 * MiB, 10 * MiB - 1, 10 * MiB, 20 * MiB, 30 * MiB, 100 * MiB),
);
/** Allocates, or frees the live block at this share of the list. */
const actions = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: requestBytes.map((bytes) => ({ bytes, freeAt: 0 })) },
    { weight: 2, arbitrary: fc.double({ min: 0, max: 0.999, noNaN: true }).map((freeAt) => ({ bytes: 0, freeAt })) },
  ),
  // Without `size` fast-check draws about ten: too few to fill a device.
  { maxLength: 120, size: 'max' },
);
/** Beside them what a step does hundreds of times: a burst of requests that are all freed before anything else happens. */
const withBursts = fc
  .array(
    fc.oneof(
      actions,
      fc
        .array(fc.oneof(fc.integer({ min: 1, max: 64 * KiB }), fc.integer({ min: MiB + 1, max: 3 * MiB })), {
          minLength: 4,
          maxLength: 30,
          size: 'max',
        })
        .map((list) => [
          ...list.map((bytes) => ({ bytes, freeAt: 0 })),
          ...list.map(() => ({ bytes: 0, freeAt: 1 - 1e-9 })),
        ]),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.flat());
/** Requests of up to 5 TiB: beyond 2 TiB all sizes are looked for in one place. */
const huge = withBursts.map((list) => list.map(({ bytes, freeAt }) => ({ bytes: bytes * 2 ** 17, freeAt })));
const capacities = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 20 * MiB, max: 240 * MiB }));

/** The actions as events of a trace. */
function trace(list: readonly { readonly bytes: number; readonly freeAt: number }[]): {
  events: Int32Array;
  bufferBytes: Float64Array;
} {
  const events: number[] = [];
  const bufferBytes: number[] = [];
  const live: number[] = [];
  for (const { bytes, freeAt } of list) {
    if (bytes > 0) {
      bufferBytes.push(bytes);
      live.push(bufferBytes.length);
      events.push(bufferBytes.length);
    } else if (live.length > 0) {
      const [buffer] = live.splice(Math.floor(freeAt * live.length), 1);
      events.push(-buffer!);
    }
  }
  return { events: Int32Array.from(events), bufferBytes: Float64Array.from(bufferBytes) };
}

describe.each([false, true])('after every event, expandable segments: %s', (expandable) => {
  test('gives an array without elements no block', () => {
    const events = Int32Array.of(1, 2, -1, -2);
    for (const expandable of [false, true]) {
      const empty = replayCaching(events, Float64Array.of(0, 0), { expandable });
      expect(empty).toEqual({ kind: 'ran', peakReservedBytes: 0, peakAllocatedBytes: 0, numFlushes: 0 });
      const one = replayCaching(events, Float64Array.of(0, 700), { expandable });
      expect(one).toMatchObject({ peakAllocatedBytes: 1024 });
    }
  });

  test('blocks tile their segments, free neighbours are merged, live blocks are disjoint, requested ≤ allocated ≤ reserved ≤ capacity, the peak is the most that was allocated', () => {
    const allocator = new EventByEvent(120);
    fc.assert(
      fc.property(actions, capacities, (list, capacityBytes) => {
        allocator.reset(expandable, capacityBytes);
        const live = new Map<number, number>();
        let peakBytes = 0;
        for (const { bytes, freeAt } of list) {
          if (bytes > 0) {
            const block = allocator.allocate(bytes);
            if (block !== none) live.set(block, bytes);
          } else if (live.size > 0) {
            const block = [...live.keys()][Math.floor(freeAt * live.size)]!;
            live.delete(block);
            allocator.release(block);
          }
          peakBytes = Math.max(peakBytes, mustBeConsistent(allocator, live));
          mustBeDisjoint(allocator, live, expandable);
        }
        expect(allocator.totals().peakAllocatedBytes).toBe(peakBytes);
        for (const block of live.keys()) allocator.release(block);
        expect(mustBeConsistent(allocator, new Map())).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test('is what a plain allocator does that puts every question to all blocks', () => {
    fc.assert(
      fc.property(fc.oneof(withBursts, huge), capacities, (list, capacityBytes) => {
        const { events, bufferBytes } = trace(list);
        const plain = new PlainAllocator(expandable, capacityBytes);
        const blocks = new Map<number, NonNullable<ReturnType<PlainAllocator['allocate']>>>();
        const atEvent = events.findIndex((event) => {
          if (event < 0) plain.free(blocks.get(-event)!);
          else {
            const block = plain.allocate(bufferBytes[event - 1]!);
            if (block === undefined) return true;
            blocks.set(event, block);
          }
          return false;
        });
        const { peakReservedBytes, peakAllocatedBytes, numFlushes, reservedBytes } = plain;
        const first = replayCaching(events, bufferBytes, { expandable, capacityBytes });
        expect(first).toEqual(
          atEvent < 0
            ? { kind: 'ran', peakReservedBytes, peakAllocatedBytes, numFlushes }
            : { kind: 'outOfMemory', atEvent, reservedBytes },
        );
        // Runs that give back all they take are passed over from the second time on.
        expect(replayCaching(events, bufferBytes, { expandable, capacityBytes })).toEqual(first);
      }),
      { numRuns: 300 },
    );
  });

  test('a replay that ends where its capacity is full ends there if and only if more is reserved without limit', () => {
    fc.assert(
      fc.property(withBursts, fc.integer({ min: 0, max: 240 }), (list, mebibytes) => {
        const { events, bufferBytes } = trace(list);
        const capacityBytes = mebibytes * MiB;
        const unlimited = replayWithoutLimit(events, bufferBytes, expandable);
        const { kind } = replayCaching(events, bufferBytes, { expandable, capacityBytes, untilFull: true });
        expect(kind).toBe(unlimited.peakReservedBytes > capacityBytes ? 'outOfMemory' : 'ran');
      }),
    );
  });

  test('once everything is freed, a device takes whatever a new one would', () => {
    fc.assert(
      fc.property(actions, requestBytes, (list, bytes) => {
        const { events, bufferBytes } = trace(list);
        const allBytes = Float64Array.from([...bufferBytes, bytes]);
        const alone = replayCaching(Int32Array.of(1), Float64Array.of(bytes), { expandable });
        const before = replayCaching(events, bufferBytes, { expandable });
        if (alone.kind !== 'ran' || before.kind !== 'ran') throw new Error('no limit, no failure');
        const capacityBytes = Math.max(alone.peakReservedBytes, before.peakReservedBytes);
        const freed = Array.from(
          events.filter((event) => event > 0 && !events.includes(-event)),
          (event) => -event,
        );
        const all = Int32Array.from([...events, ...freed, bufferBytes.length + 1]);
        expect(replayCaching(all, allBytes, { expandable, capacityBytes }).kind).toBe('ran');
      }),
    );
  });

  test('the smallest capacity runs and lies between rounded live bytes, below which nothing runs, and reserved bytes', () => {
    fc.assert(
      fc.property(actions, (list) => {
        const { events, bufferBytes } = trace(list);
        const unlimited = replayCaching(events, bufferBytes, { expandable });
        if (unlimited.kind !== 'ran') throw new Error('no limit, no failure');
        const bounds = { lowBytes: 0, highBytes: unlimited.peakReservedBytes, expandable };
        const capacityBytes = minCapacity(events, bufferBytes, bounds);
        const atCapacity = replayCaching(events, bufferBytes, { expandable, capacityBytes });
        expect(atCapacity.kind).toBe('ran');
        expect(capacityBytes).toBeLessThanOrEqual(unlimited.peakReservedBytes);
        let liveBytes = 0;
        let peakLiveBytes = 0;
        for (const event of events) {
          liveBytes += Math.sign(event) * roundedBytes(bufferBytes[Math.abs(event) - 1]!);
          peakLiveBytes = Math.max(peakLiveBytes, liveBytes);
        }
        expect(capacityBytes).toBeGreaterThanOrEqual(peakLiveBytes);
        if (peakLiveBytes > 0) {
          const tooSmall = replayCaching(events, bufferBytes, { expandable, capacityBytes: peakLiveBytes - 1 });
          expect(tooSmall.kind).toBe('outOfMemory');
        }
      }),
    );
  });

  test('a replay leaves no trace in the next one', () => {
    fc.assert(
      fc.property(actions, actions, capacities, (list, other, capacityBytes) => {
        const { events, bufferBytes } = trace(list);
        const first = replayCaching(events, bufferBytes, { expandable });
        const between = trace(other);
        replayCaching(between.events, between.bufferBytes, { expandable: !expandable, capacityBytes });
        expect(replayCaching(events, bufferBytes, { expandable })).toEqual(first);
      }),
    );
  });
});

describe('rules of the native allocator', () => {
  const reserved = (...requests: number[]): number => {
    const events = Int32Array.from(requests, (_, buffer) => buffer + 1);
    const replay = replayCaching(events, Float64Array.from(requests), { expandable: false });
    return replay.kind === 'ran' ? replay.peakReservedBytes : Number.NaN;
  };

  test('requests round up to 512 bytes', () => {
    expect([1, 512, 513, MiB].map(roundedBytes)).toEqual([512, 512, 1024, MiB]);
  });

  test('up to 1 MiB shares a 2 MiB segment, below 10 MiB a 20 MiB segment, above it is rounded to 2 MiB', () => {
    expect(reserved(1)).toBe(2 * MiB);
    expect(reserved(MiB, MiB)).toBe(2 * MiB);
    expect(reserved(MiB + 1)).toBe(20 * MiB);
    expect(reserved(10 * MiB - 512, 10 * MiB - 512)).toBe(20 * MiB);
    expect(reserved(10 * MiB)).toBe(10 * MiB);
    expect(reserved(11 * MiB)).toBe(12 * MiB);
  });

  test('a rest of 1 MiB of a large block stays with it, a larger one can be used', () => {
    expect(reserved(19 * MiB)).toBe(20 * MiB);
    const allocated = (bytes: number): unknown =>
      replayCaching(Int32Array.of(1), Float64Array.of(bytes), { expandable: false });
    expect(allocated(19 * MiB)).toMatchObject({ peakAllocatedBytes: 20 * MiB });
    expect(allocated(19 * MiB - 512 + MiB)).toMatchObject({ peakAllocatedBytes: 20 * MiB });
    expect(reserved(9 * MiB, 12 * MiB)).toBe(32 * MiB);
    expect(reserved(6 * MiB, 9 * MiB, 4 * MiB)).toBe(20 * MiB);
  });

  test('bytes beyond 4 TiB are exact', () => {
    const bytes = 5 * 1024 * GiB + 512;
    expect(reserved(bytes, bytes)).toBe(2 * (bytes - 512 + 2 * MiB));
  });
});

describe('rules of expandable segments', () => {
  test('pages of a freed block serve the other pool when the device is full, and their addresses are used again', () => {
    const allocator = new EventByEvent(5);
    allocator.reset(true, 60 * MiB);
    const first = allocator.allocate(40 * MiB);
    expect(allocator.allocate(20 * MiB)).not.toBe(none);
    allocator.release(first);
    expect(allocator.reservedBytes).toBe(60 * MiB);
    expect(allocator.allocate(KiB)).not.toBe(none);
    expect(allocator.totals().numFlushes).toBe(1);
    expect(allocator.reservedBytes).toBe(22 * MiB);
    const again = allocator.allocate(19 * MiB);
    expect(allocator.pools.table.address[again]).toBe(0);
    expect(allocator.reservedBytes).toBe(42 * MiB);
    expect(allocator.allocate(30 * MiB)).toBe(none);
  });

  test('what a page holds beside a block in use stays reserved', () => {
    const allocator = new EventByEvent(5);
    allocator.reset(true, 60 * MiB);
    const first = allocator.allocate(30 * MiB);
    expect(allocator.allocate(30 * MiB)).not.toBe(none);
    allocator.release(first);
    // The second block begins in the middle of the second page: only the first page goes back.
    expect(allocator.allocate(KiB)).not.toBe(none);
    expect(allocator.reservedBytes).toBe(42 * MiB);
  });

  test('holes that meet become one', () => {
    const allocator = new EventByEvent(5);
    allocator.reset(true, 60 * MiB);
    const first = allocator.allocate(20 * MiB);
    const second = allocator.allocate(20 * MiB);
    const third = allocator.allocate(20 * MiB);
    allocator.release(first);
    allocator.allocate(KiB);
    allocator.release(second);
    // 22 MiB are in use: the 40 MiB of the first two go back, and not all of them can return.
    expect(allocator.allocate(40 * MiB)).toBe(none);
    const { table } = allocator.pools;
    expect(allocator.reservedBytes).toBe(22 * MiB);
    expect(table.bytes[table.previous[third]!]).toBe(40 * MiB);
  });
});
