import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bfcAllocatedBytes, bfcGrownPool, bfcPool } from '../../../src/memory/allocators/bfc.js';
import { MiB } from '../../../src/units.js';

/** The pool itself, forward: one free chunk that every allocation divides or swallows. */
function runsIn(poolBytes: number, requests: readonly number[]): boolean {
  let freeBytes = poolBytes;
  for (const request of requests) {
    if (request === 0) continue;
    const rounded = request + ((256 - (request % 256)) % 256);
    if (freeBytes < rounded) return false;
    const divided = freeBytes >= 2 * rounded || freeBytes - rounded >= 128 * MiB;
    freeBytes = divided ? freeBytes - rounded : 0;
  }
  return true;
}

const bytes = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 300 * MiB }),
  fc.constantFrom(0, 256, 257, 128 * MiB, 128 * MiB + 1),
);
const steps = fc.record({
  argumentBytes: fc.array(bytes, { maxLength: 12 }),
  constantBytes: bytes,
  temporaryBytes: bytes,
});

test('the step runs in the pool and in any larger one, and not in one that is a chunk smaller', () => {
  fc.assert(
    fc.property(steps, bytes, (step, moreBytes) => {
      const requests = [...step.argumentBytes, step.constantBytes, step.temporaryBytes];
      const poolBytes = bfcPool(step);
      expect(poolBytes % 256).toBe(0);
      expect(runsIn(poolBytes, requests)).toBe(true);
      expect(runsIn(poolBytes + moreBytes, requests)).toBe(true);
      if (poolBytes > 0) expect(runsIn(poolBytes - 256, requests)).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test('requested ≤ allocated ≤ pool, and the pool is at most 128 MiB above what is allocated', () => {
  fc.assert(
    fc.property(steps, (step) => {
      const requestedBytes = step.argumentBytes.reduce(
        (sum, argument) => sum + argument,
        step.constantBytes + step.temporaryBytes,
      );
      const allocatedBytes = bfcAllocatedBytes(step);
      expect(allocatedBytes).toBeGreaterThanOrEqual(requestedBytes);
      expect(bfcPool(step)).toBeGreaterThanOrEqual(allocatedBytes);
      expect(bfcPool(step)).toBeLessThanOrEqual(allocatedBytes + 128 * MiB);
    }),
  );
});

test('a large arena after small arguments wastes nothing; a small one after a large argument needs room to divide', () => {
  expect(bfcPool({ argumentBytes: [1000, 50 * MiB], constantBytes: 0, temporaryBytes: 900 * MiB })).toBe(
    1024 + 950 * MiB,
  );
  expect(bfcPool({ argumentBytes: [100 * MiB], constantBytes: 0, temporaryBytes: MiB })).toBe(200 * MiB);
  expect(bfcPool({ argumentBytes: [900 * MiB], constantBytes: 0, temporaryBytes: MiB })).toBe(1028 * MiB);
});

test('a pool that grows holds regions of powers of two, no chunk in two of them, and no more than its limit where that is enough', () => {
  const step = { argumentBytes: [3 * MiB, MiB, 2 * MiB], constantBytes: 0, temporaryBytes: 20 * MiB };
  // 3 MiB in a region of 4, with the 1; 2 in one of 8; 20 in one of 32.
  expect(bfcGrownPool(step, 1000 * MiB)).toBe((4 + 8 + 32) * MiB);
  expect(bfcGrownPool(step, 40 * MiB)).toBe(40 * MiB);
  expect(bfcGrownPool(step, 10 * MiB)).toBe((4 + 6 + 20) * MiB);
  fc.assert(
    fc.property(steps, (each) => {
      expect(bfcGrownPool(each, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(bfcAllocatedBytes(each));
    }),
  );
});
