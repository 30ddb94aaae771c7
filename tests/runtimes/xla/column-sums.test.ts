import { describe, expect, it } from 'vitest';
import { partsOf, slownessOfColumns } from '../../../src/runtimes/xla/column-sums.js';

describe('sums of columns, as compiled by jaxlib 0.10.2', () => {
  it.each([
    [5100, 68, true],
    [7992, 74, true],
    [40920, 186, true],
    [49140, 210, true],
    [81900, 273, true],
    [6648, 61, false],
    [10242, 52, false],
    [23292, 128, false],
    [25962, 106, false],
  ])('of %i rows have %i parts', (rows, count, isExact) => {
    expect(partsOf(rows)).toMatchObject({ count, isExact });
  });

  // µs that XLA's log states for the sum of a bf16 or f32 array's columns, and for its bytes at 3.352 TB/s.
  it.each([
    [3600, 96, 2, 5.506],
    [642, 128, 2, 2.619],
    [2664, 256, 2, 10.865],
    [1962, 96, 2, 3.001],
    [642, 96, 4, 1.954],
  ])('of %i×%i, %i bytes each, take as long as XLA says', (rows, columns, bytes, microseconds) => {
    const estimate = (slownessOfColumns(columns, bytes) * rows * columns * bytes) / 3.352e6;
    expect(Math.abs(estimate / microseconds - 1)).toBeLessThan(0.02);
  });
});
