import { describe, expect, it } from 'vitest';
import { compareArrays, compiledSteps } from './arrays.js';

describe('arrays alive at the peak, predicted and compiled', () => {
  it('cover a plain step, a rollout, recomputed networks, fp32, inference and blocks of edges', () => {
    expect(compiledSteps.map(({ kind }) => kind)).toEqual([
      'plain',
      'rollout',
      'encoder',
      'decoder',
      'processor',
      'fp32',
      'inference',
      'blocks',
    ]);
  });

  it.each(compiledSteps)('of $kind are the compiler’s own, which add up to what it says is alive', (step) => {
    const bytes = step.arrays.reduce((sum, [, , each]) => sum + each, 0);
    expect(Math.abs(bytes - step.live_bytes)).toBeLessThan(4096);
    expect(bytes).toBeLessThanOrEqual(step.temp_bytes);
    for (const [, , , from, to] of step.arrays) {
      expect(from).toBeLessThanOrEqual(to);
      expect(to).toBeLessThanOrEqual(step.instructions);
    }
  });

  it.each(compiledSteps)('of $kind have the same shapes, by at least 95 % of the compiled bytes', (step) => {
    const { matchedBytes, compiledBytes } = compareArrays(step);
    expect(matchedBytes / compiledBytes).toBeGreaterThanOrEqual(0.95);
  });
});
