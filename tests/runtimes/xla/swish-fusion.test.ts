import { describe, expect, it } from 'vitest';
import { bytesSavedByReaders, isComputedByReaders } from '../../../src/runtimes/xla/swish-fusion.js';

/**
 * Rows whose number 8 does not divide, by columns: whether the readers compute the gradient in the optimised module of jaxlib 0.10.2 (an H100,
 * cuBLAS; 44 steps with averaged gradients), and by how many ns they are faster in its log of priority fusion, where that was kept.
 */
const compiled: readonly [rows: number, columns: number, isComputed: boolean, nsSaved?: number][] = [
  [4140, 64, true],
  [5100, 64, true, 411],
  [5580, 64, false, -294],
  [12_420, 64, true, 272],
  [5100, 96, true],
  [11_844, 96, true],
  [20_460, 96, true],
  [4140, 128, false],
  [4428, 128, false],
  [5100, 128, false, -177],
  [16_380, 128, false],
  [49_140, 128, false],
  [4428, 192, true],
  [20_460, 192, false],
  [4140, 256, true, 190],
  [5100, 256, true],
  [5580, 256, false, -29],
  [12_420, 256, false, -146],
  [20_460, 256, false, -471],
  [26_082, 256, false],
  [81_900, 256, false],
  [4140, 512, true],
  [5100, 512, true],
  [11_844, 512, false],
  [12_420, 512, true],
  [16_380, 512, true, 78],
  [20_460, 512, false, -61],
  [26_082, 512, true, 79],
  [49_140, 512, true, 130],
  [81_900, 512, false],
];

describe("a swish's gradient whose rows are padded", () => {
  it.each(compiled)('of %i rows of %i is computed by both readers: %s', (rows, columns, expected) => {
    expect(isComputedByReaders(rows, columns)).toBe(expected);
  });

  it.each(compiled.filter((row) => row.length === 4))(
    "of %i rows of %i saves XLA's time to 30 ns",
    (rows, columns, _, ns) => {
      expect(Math.abs(bytesSavedByReaders(rows, columns) / 3352 - ns!)).toBeLessThan(30);
    },
  );
});
