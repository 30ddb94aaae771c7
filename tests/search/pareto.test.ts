import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderFront, type ParetoPoint, paretoFront } from '../../src/search/pareto.js';

const digit = fc.integer({ min: 0, max: 4 });
const points = fc
  .array(
    fc.record({
      problem: fc.integer({ min: 0, max: 1 }),
      hiddenDim: digit,
      layers: digit,
      batchSize: digit,
      sampleFlops: digit,
      deviceBytes: digit,
      offloaded: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 60 },
  )
  .map((list): ParetoPoint[] => list.map((point, index) => ({ index, ...point })));

const at = (all: readonly ParetoPoint[]) => (index: number) => all[index]!;

const atLeastAsGood = (a: ParetoPoint, b: ParetoPoint) =>
  a.problem === b.problem &&
  a.hiddenDim >= b.hiddenDim &&
  a.layers >= b.layers &&
  a.batchSize >= b.batchSize &&
  a.sampleFlops <= b.sampleFlops &&
  a.deviceBytes <= b.deviceBytes &&
  [1, 2].every((part) => (a.offloaded & part) === 0 || (b.offloaded & part) !== 0);

describe('the Pareto front', () => {
  it('holds exactly the points that no other point is at least as good as, of equal ones the first', () => {
    fc.assert(
      fc.property(points, (all) => {
        const expected = all.filter(
          (point) =>
            !all.some(
              (other) =>
                other !== point &&
                atLeastAsGood(other, point) &&
                (!atLeastAsGood(point, other) || other.index < point.index),
            ),
        );
        const front = paretoFront(all.keys(), at(all));
        expect([...front].sort((a, b) => a - b)).toEqual(expected.map(({ index }) => index));
      }),
    );
  });

  it('in varied order lists every size once before any comes twice, and every point once', () => {
    fc.assert(
      fc.property(points, (all) => {
        const front = paretoFront(all.keys(), at(all));
        const ordered = orderFront(front, 'varied', at(all));
        const sizes = ordered.map(at(all)).map(({ problem, hiddenDim, layers }) => `${problem} ${hiddenDim} ${layers}`);
        const numSizes = new Set(sizes).size;
        expect(new Set(sizes.slice(0, numSizes)).size).toBe(numSizes);
        expect(new Set(ordered)).toEqual(new Set(front));
        expect(ordered.length).toBe(front.length);
      }),
    );
  });
});
