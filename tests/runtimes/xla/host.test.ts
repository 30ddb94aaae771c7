import { describe, expect, it } from 'vitest';
import { estimate } from '../../../src/services/estimate.js';

const hostMemoryOf = async (model: string, flags: Record<string, string>) => {
  const { assumptions } = await estimate({ model, flags });
  const [said, ...more] = assumptions.filter((each) => each.startsWith('Host memory'));
  expect(more).toEqual([]);
  return { said: said ?? '', gib: [...(said ?? '').matchAll(/([\d.]+) GiB of /g)].map(([, number]) => Number(number)) };
};

describe('the host’s memory in JAX', () => {
  it('has GenCast’s masks and basis at 0.25°, 4.7 and 2.8 GiB, and what its authors ask for', async () => {
    const { said, gib } = await hostMemoryOf('gencast', { mode: 'inference' });
    expect(gib[0]).toBeGreaterThan(7.5);
    expect(gib[0]).toBeLessThan(8);
    expect(said).toContain('300 GB');
    expect(said).toContain('is not known');
  });

  it('grows with a rollout by its predictions alone', async () => {
    const [one, forty] = await Promise.all(
      ['1', '40'].map((rollout) => hostMemoryOf('graphcast', { mode: 'inference', rollout })),
    );
    const predictionGiB = (721 * 1440 * 227 * 4) / 2 ** 30;
    expect(forty!.gib[1]! - one!.gib[1]!).toBeCloseTo(39 * predictionGiB, 1);
    expect(forty!.gib[2]).toBe(one!.gib[2]);
  });

  it('is not spoken of in PyTorch, of whose loaders nothing is known', async () => {
    expect((await hostMemoryOf('physicsnemo-graphcast', {})).said).toBe('');
  });
});
