/** The four released models, and what GenCast's code has not. */
import { describe, expect, it } from 'vitest';
import { renderEstimate } from '../../../src/reports/estimate/table.js';
import { advise } from '../../../src/services/advise.js';
import { estimate } from '../../../src/services/estimate.js';

const models = ['gencast-mini', 'gencast-1deg', 'gencast', 'gencast-operational'] as const;
const sampler = { mode: 'inference', 'xla-gemm': 'cublas' } as const;

describe('GenCast’s released models', () => {
  it('have 57,492,612 parameters each, whatever mesh, grid and hops', async () => {
    for (const model of models) expect((await estimate({ model, flags: sampler })).parameters.count).toBe(57_492_612);
  });

  it('count parameters as the code does by hand: noise, encoder, layers, final norm, decoder', async () => {
    const [H, F, cond, channels] = [384, 768, 16, 267];
    const mlp = (input: number, output = H) => input * H + H + H * output + output;
    const norm = cond * 2 * H + 2 * H;
    const noise = 64 * 32 + 32 + 32 * cond + cond;
    const encoder = mlp(4) + 2 * mlp(channels) + mlp(3 * H) + mlp(2 * H) + mlp(H) + 6 * norm;
    const layer = 4 * H * H + H + (H * F + F + F * H + H) + 2 * norm;
    const decoder = mlp(4) + mlp(3 * H) + mlp(2 * H) + mlp(H) + 4 * norm + mlp(H, 84);
    const flags = { ...sampler, 'hidden-dim': '384', layers: '3', 'mlp-ratio': '2' };
    const { parameters } = await estimate({ model: 'gencast-mini', flags });
    expect(parameters.count).toBe(noise + encoder + 3 * layer + norm + decoder);
  });

  it('count masks and Legendre functions on the card, and not among the live arrays', async () => {
    const { memory } = await estimate({ model: 'gencast', flags: sampler });
    const maskBytes = 4 * 3 * 4 * 10273 ** 2;
    const legendreBytes = 4 * (2 * 720 - 1) * 721 * 720;
    const constants = memory.peakAllocatedBytes - memory.peakLiveBytes;
    expect(constants / (maskBytes + legendreBytes)).toBeGreaterThan(1);
    expect(constants / (maskBytes + legendreBytes)).toBeLessThan(1.05);
  });

  it('need for a sample what one layer of attention needs, however many layers there are', async () => {
    const live = async (layers: string) =>
      (await estimate({ model: 'gencast-1deg', flags: { ...sampler, layers } })).memory;
    const [four, eight] = [await live('4'), await live('8')];
    const perLayer = 4 * (3 * 512 * 512);
    const parameters = eight.parameterBytes - four.parameterBytes;
    expect(eight.peakLiveBytes - four.peakLiveBytes - parameters).toBeLessThan(1.1 * 4 * perLayer);
  });
});

it.each(['gencast-mini', 'weathernext2-mini'])(
  '%s in mha needs the same with any number of hops, and says so',
  async (model) => {
    const [near, far] = await Promise.all(
      ['1', '64'].map((hops) => estimate({ model, flags: { ...sampler, attention: 'mha', 'k-hop': hops } })),
    );
    expect(near!.memory).toEqual(far!.memory);
    expect(near!.assumptions).toContainEqual(expect.stringMatching(/--k-hop changes what the mask lets through/));
  },
);

it.each([
  [{}, ', mesh 4, 16 hops, '],
  [{ 'k-hop': '8' }, ', mesh 4, 8 hops, '],
  [{ attention: 'mha' }, ', mesh 4, mha, '],
])('the screen says which attention is priced: %j', async (typed, words) => {
  const report = await estimate({ model: 'gencast-mini', flags: { ...sampler, ...typed } });
  expect(renderEstimate(report, { columns: 120, colour: false })).toContain(words);
});

describe('what GenCast has not', () => {
  it.each([
    [{ rollout: '2' }, /one compiled sampler per step/],
    [{ runtime: 'pytorch' }, /runs in JAX only/],
    [{ gpus: '2' }, /no compile of GenCast for several cards/],
    [{ accumulate: '2' }, /not priced for GenCast/],
    [{ checkpoint: 'model' }, /not priced for GenCast/],
    [{ checkpoint: 'edges:blocks=4+encoder+decoder' }, /edges:blocks/],
    [{ grid: '181x361' }, /spherical noise/],
    [{ 'mesh-level': '0' }, /refined icosahedron/],
    [{ heads: '7' }, /not divisible by 7 heads/],
    [{ attention: 'splash' }, /TPU only/],
  ])('%j is refused, and why is said', async (flags, why) => {
    await expect(estimate({ model: 'gencast-1deg', flags })).rejects.toThrow(why);
  });

  it('--attention and --k-hop are refused for other models', async () => {
    await expect(estimate({ model: 'graphcast', flags: { 'k-hop': '4' } })).rejects.toThrow(/no such option/);
  });
});

describe('advice for GenCast', () => {
  it('for training at 1 degree on a 24 GB card brings the lines that recompute every block', async () => {
    const { cheapest } = await advise({ model: 'gencast-1deg', flags: { gpu: 'rtx-4090' } });
    expect(cheapest).not.toBeNull();
    const lines = cheapest!.parts.flatMap(({ code }) => code.map(({ text }) => text)).join('\n');
    expect(lines).toMatch(/hk\.remat/);
  }, 60_000);
});
