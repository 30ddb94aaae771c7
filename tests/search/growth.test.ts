import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growthPath } from '../../src/search/growth.js';

const size = fc.record({ hiddenDim: fc.integer({ min: 1, max: 300 }), layers: fc.integer({ min: 1, max: 20 }) });

describe('a growth path', () => {
  it('starts and ends where asked, and changes one of width and depth at a time, at most doubling it', () => {
    fc.assert(
      fc.property(size, size, (a, b) => {
        const from = { hiddenDim: Math.min(a.hiddenDim, b.hiddenDim), layers: Math.min(a.layers, b.layers) };
        const to = { hiddenDim: Math.max(a.hiddenDim, b.hiddenDim), layers: Math.max(a.layers, b.layers) };
        const path = growthPath(from, to, ({ hiddenDim, layers }) => hiddenDim ** 2 * layers);
        expect(path[0]).toEqual({ ...from, growth: 'start' });
        expect(path.at(-1)).toMatchObject(to);
        for (const [index, step] of path.entries()) {
          const before = path[index - 1];
          if (before === undefined) continue;
          const widened = step.hiddenDim / before.hiddenDim;
          const deepened = step.layers / before.layers;
          expect(step.growth === 'widen' ? deepened : widened).toBe(1);
          expect(step.growth === 'widen' ? widened : deepened).toBeGreaterThan(1);
          expect(Math.max(widened, deepened)).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it('is the cheapest of all orders of the same doublings', () => {
    const costOf = ({ hiddenDim, layers }: { hiddenDim: number; layers: number }) => hiddenDim ** 2 * (layers + 5);
    const orders = (w: number, d: number): string[] =>
      w === 0 && d === 0
        ? ['']
        : [
            ...(w > 0 ? orders(w - 1, d).map((rest) => `w${rest}`) : []),
            ...(d > 0 ? orders(w, d - 1).map((rest) => `d${rest}`) : []),
          ];
    const costs = orders(2, 3).map((order) => {
      let at = { hiddenDim: 64, layers: 2 };
      let cost = costOf(at);
      for (const step of order) {
        at = step === 'w' ? { ...at, hiddenDim: 2 * at.hiddenDim } : { ...at, layers: 2 * at.layers };
        cost += costOf(at);
      }
      return cost;
    });
    const path = growthPath({ hiddenDim: 64, layers: 2 }, { hiddenDim: 256, layers: 16 }, costOf);
    expect(path.reduce((sum, step) => sum + costOf(step), 0)).toBe(Math.min(...costs));
  });
});
