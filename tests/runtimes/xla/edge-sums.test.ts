import { describe, expect, it } from 'vitest';
import { writtenSumsOfEdges } from '../../../src/runtimes/xla/edge-sums.js';

/** Of the last layer but two first. */
const written = (layers: number, launches: number) => [...writtenSumsOfEdges(layers - 2, launches)];

describe('sums of the mesh edges’ gradient', () => {
  it('are written every other time, counted from the first layer, which is fused first', () => {
    // 25×48, M3, 192/5/2, bf16, two samples: of three sums the compiled step writes the second.
    expect(written(5, 1.17)).toEqual([1]);
    // 61×120, M4, 192/4, bf16, two samples: neither of two.
    expect(written(4, 4.69)).toEqual([]);
    expect(written(6, 4.69)).toEqual([2]);
    expect(written(7, 4.69)).toEqual([1, 3]);
    expect(written(8, 4.69)).toEqual([2, 4]);
  });

  it('are read by all that need them where a launch takes as long as reading them', () => {
    // 46×90, M2, 96/6, bf16.
    expect(written(6, 0.07)).toEqual([]);
    // 25×48, M3, 64/5, fp32, two samples, where it does not: one of three.
    expect(written(5, 0.78)).toEqual([1]);
  });

  it('are none where a step has no layers whose gradients meet', () => {
    expect(written(2, 10)).toEqual([]);
    expect(writtenSumsOfEdges(-1, 10)).toEqual(new Set());
  });
});
