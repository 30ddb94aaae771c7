import { expect, test } from 'vitest';
import { numpySines, roundedSines } from '../../src/topology/float32-sines.js';

/** `numpy.sin` and `numpy.cos` (2.4.6, AVX-512) of `numpy.deg2rad` of float32 degrees. */
const NUMPY = [
  [0, 0, 1],
  [17, 0.2923716902732849, 0.9563047289848328],
  [45, 0.7071067690849304, 0.7071067690849304],
  [67.5, 0.9238795042037964, 0.3826834559440613],
  [90, 1, -4.371138828673793e-8],
  [110.5, 0.9366722106933594, -0.3502074182033539],
  [139.5, 0.649448037147522, -0.760405957698822],
  [177.5, 0.04361953213810921, -0.9990482330322266],
  [180, -8.742277657347586e-8, -1],
  [220.5, -0.6494479775428772, -0.7604060769081116],
  [257.5, -0.9762959480285645, -0.21643978357315063],
  [290, -0.9396926164627075, 0.34202006459236145],
  [359.5, -0.008726787753403187, 0.9999619126319885],
] as const;

const radians = (degrees: number): number => Math.fround(degrees * Math.fround(Math.PI / 180));

test.each(NUMPY)('%d°: sine and cosine are those of NumPy to the bit', (degrees, sin, cos) => {
  expect([numpySines.sin(radians(degrees)), numpySines.cos(radians(degrees))]).toEqual([sin, cos]);
});

test('of 1,440 sines and cosines 225 differ from the rounded ones, as in NumPy, by the last bit', () => {
  const angles = Array.from({ length: 720 }, (_, index) => radians(index / 2));
  const apart = angles.flatMap((angle) =>
    (['sin', 'cos'] as const).map((of) => Math.abs(numpySines[of](angle) - roundedSines[of](angle))),
  );
  expect(apart.filter((by) => by > 0)).toHaveLength(88 + 137);
  expect(Math.max(...apart)).toBeLessThanOrEqual(2 ** -24);
});
