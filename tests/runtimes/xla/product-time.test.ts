import { describe, expect, it } from 'vitest';
import { productSeconds } from '../../../src/runtimes/xla/product-time.js';

const microseconds = (rows: number, inner: number, columns: number, elementBytes = 2) =>
  1e6 * productSeconds({ rows, inner, columns, elementBytes });

describe('XLA’s time of a matrix product', () => {
  it('is that of its table where the table has the product: jaxlib 0.10.2, sm_90, 4096³ at 780.194 TFLOP/s in bf16 and 403.15 in f32', () => {
    expect(microseconds(4096, 4096, 4096)).toBeCloseTo((2 * 4096 ** 3) / 780.194e6, 3);
    expect(microseconds(4096, 4096, 4096, 4)).toBeCloseTo((2 * 4096 ** 3) / 403.15e6, 3);
  });

  it('grows with the rows alone beyond the table, whose throughput stays that of its edge', () => {
    expect(microseconds(200_000, 512, 512) / microseconds(100_000, 512, 512)).toBeCloseTo(2, 2);
  });

  it('lies between its neighbours’ throughputs where the table has none', () => {
    const flops = 2 * 4096 * 300 * 4096;
    const tera = flops / productSeconds({ rows: 4096, inner: 300, columns: 4096, elementBytes: 2 }) / 1e12;
    const at = (inner: number) => (2 * 4096 * inner * 4096) / microseconds(4096, inner, 4096) / 1e6;
    expect(tera).toBeGreaterThan(Math.min(at(256), at(512)));
    expect(tera).toBeLessThan(Math.max(at(256), at(512)));
  });
});
