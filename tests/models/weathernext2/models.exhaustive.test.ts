/** The three released models, what WeatherNext 2's code has not, and names of models that are priced as others or not at all. */
import { describe, expect, it } from 'vitest';
import type { InputError } from '../../../src/errors.js';
import { advise } from '../../../src/services/advise.js';
import { estimate } from '../../../src/services/estimate.js';

const forecast = { mode: 'inference', 'xla-gemm': 'cublas' } as const;

describe('WeatherNext 2’s released models', () => {
  it.each([
    ['weathernext2', 183_785_575],
    ['weathernext2-cyclones', 183_780_965],
    ['weathernext2-mini', 56_684_133],
  ])('%s has %i parameters', async (model, count) => {
    expect((await estimate({ model, flags: forecast })).parameters.count).toBe(count);
  });

  it('count parameters as the code does by hand: noise, encoders, two graph networks, layers, final norm, decoder', async () => {
    const [H, F, inputs, outputs] = [384, 768, 150, 80];
    const norm = (width: number) => 32 * 2 * width + 2 * width;
    const mlp = (input: number, width = H) => input * width + width + width * width + width;
    const edgeLatents = mlp(4, 32) + norm(32);
    const messages = (ends: number) => (ends * H + 32) * H + H + (H * H + H) + norm(H);
    const graph = (ends: number) => edgeLatents + messages(ends) + mlp(2 * H) + norm(H) + mlp(H) + norm(H);
    const layer = 4 * H * H + H + (H * F + F + F * H + H) + 2 * norm(H);
    const expected =
      32 * 32 +
      (mlp(inputs) + norm(H)) +
      (mlp(9) + norm(H)) +
      graph(1) +
      graph(2) +
      3 * layer +
      norm(H) +
      (H * H + H + H * outputs + outputs);
    const flags = {
      ...forecast,
      'hidden-dim': '384',
      layers: '3',
      'mlp-ratio': '2',
      'input-channels': '150',
      'output-channels': '80',
    };
    expect((await estimate({ model: 'weathernext2-mini', flags })).parameters.count).toBe(expected);
  });

  it('count the mask on the card, 4.7 GiB at 0.25 degrees, and not among the live arrays', async () => {
    const { memory } = await estimate({ model: 'weathernext2', flags: forecast });
    const maskBytes = 4 * 3 * 4 * 10273 ** 2;
    const constants = memory.peakAllocatedBytes - memory.peakLiveBytes;
    expect(constants / maskBytes).toBeGreaterThan(1);
    expect(constants / maskBytes).toBeLessThan(1.05);
  });

  it('need with every sample of a training step as much again', async () => {
    const live = async (samples: string) =>
      (
        await estimate({
          model: 'weathernext2-mini',
          flags: { batch: samples, optimizer: 'none', 'xla-gemm': 'cublas' },
        })
      ).memory.peakLiveBytes;
    const [two, three, four] = [await live('2'), await live('3'), await live('4')];
    expect((four - three) / (three - two)).toBeCloseTo(1, 2);
  });
});

describe('what WeatherNext 2 has not', () => {
  it.each([
    [{ runtime: 'pytorch' }, /runs in JAX only/],
    [{ gpus: '2' }, /no compile of WeatherNext 2 for several cards/],
    [{ accumulate: '2' }, /not priced for WeatherNext 2/],
    [{ checkpoint: 'model' }, /not priced for WeatherNext 2/],
    [{ batch: '1' }, /divides by their number less one/],
    [{ 'mesh-level': '0' }, /refined icosahedron/],
    [{ 'input-channels': '17' }, /clocks, static fields and structure/],
    [{ heads: '7' }, /not divisible by 7 heads/],
  ])('%j is refused, and why is said', async (flags, why) => {
    await expect(estimate({ model: 'weathernext2-mini', flags })).rejects.toThrow(why);
  });
});

describe('advice for training WeatherNext 2 Mini, 98 GiB of temporaries as released', () => {
  it('on a card of 14 GB brings the lines that recompute every layer, and the flag of the encoder', async () => {
    const flags = { vram: '14GB', 'mem-fraction': '0.8', optimizer: 'none' };
    const { cheapest } = await advise({ model: 'weathernext2-mini', flags });
    const lines = cheapest!.parts.flatMap(({ code }) => code.map(({ text }) => text)).join('\n');
    expect(lines).toMatch(/hk\.remat\(run\)/);
    expect(lines).toMatch(/remat_grid_to_mesh_gnn'\] = True/);
    // Its bfloat16 wrapper fails in the loss.
    expect(cheapest!.config.recipe.precision).toBe('fp32');
  }, 120_000);

  it('in bf16, typed, is priced with what has to change', async () => {
    const { assumptions } = await estimate({ model: 'weathernext2-mini', flags: { precision: 'bf16' } });
    expect(assumptions.join(' ')).toMatch(/Bfloat16Cast fails in the loss/);
  });
});

describe('names of models', () => {
  it.each([
    ['weathernext', 'graphcast'],
    ['weathernext1-graph', 'graphcast'],
    ['weathernext1-gen', 'gencast'],
    ['weathernext-gen', 'gencast'],
    ['weathernext1_graph', 'graphcast'],
    ['GraphCast', 'graphcast'],
    ['WeatherNext2', 'weathernext2'],
    ['WeatherNextCyclones', 'weathernext2-cyclones'],
    ['WeatherNextCyclones_Mini', 'weathernext2-mini'],
  ])('%s is %s', async (typed, name) => {
    expect((await estimate({ model: typed, flags: { mode: 'inference' } })).config.model.name).toBe(name);
  });

  it.each(['aurora', 'pangu', 'pangu-weather', 'stormer', 'neuralgcm', 'fourcastnet', 'fengwu', 'fuxi', 'Aurora-0.25'])(
    '%s is said to be another network, in one sentence that names capture and no model of ours',
    async (typed) => {
      const error = await estimate({ model: typed, flags: {} }).catch((reason: Error) => reason);
      const { message } = error as Error;
      expect(message).toMatch(/capture/);
      expect(message).not.toMatch(/nearest|tiny/i);
      expect(message.match(/\.( |$)/g)).toHaveLength(1);
      expect((error as InputError).nextSteps).toContainEqual(
        expect.stringMatching(/^gc-plan capture .*FILE\.py:FUNCTION/),
      );
    },
  );

  it('NeuralGCM, which is JAX code, is captured in JAX', async () => {
    const error = await estimate({ model: 'neuralgcm', flags: {} }).catch((reason: Error) => reason);
    expect((error as Error).message).toContain('gc-plan capture --runtime jax');
  });

  it.each(['keisler', 'foo', 'xihe'])('%s looks like no name of ours, and none is offered', async (typed) => {
    const error = await estimate({ model: typed, flags: {} }).catch((reason: Error) => reason);
    expect((error as InputError).nextSteps).toEqual(['gc-plan profiles lists all of them.']);
  });
});
