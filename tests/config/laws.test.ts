import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, noCheckpoint, parseCheckpoint } from '../../src/config/checkpoint.js';
import { parseValues } from '../../src/config/lists.js';
import { parseSize } from '../../src/config/numbers.js';
import { findOption } from '../../src/config/option-values.js';
import { sharedOptions } from '../../src/config/options/shared.js';
import { profileNames } from '../../src/config/profiles.js';
import { resolveConfig, resolverFor } from '../../src/config/resolve.js';
import type { CheckpointPlan } from '../../src/config/types.js';
import { InputError } from '../../src/errors.js';
import { GiB } from '../../src/units.js';

const count = fc.integer({ min: 1, max: 1000 });
const plan: fc.Arbitrary<CheckpointPlan> = fc.oneof(
  fc.constant({ ...noCheckpoint, model: true }),
  fc.record({
    encoder: fc.boolean(),
    decoder: fc.boolean(),
    model: fc.constant(false),
    rollout: fc.boolean(),
    processor: fc.oneof(
      fc.constant({ kind: 'none' as const }),
      fc.record({ kind: fc.constant('every' as const), layers: count }),
      fc.record({ kind: fc.constant('segments' as const), segments: count }),
    ),
    edges: fc.oneof(
      fc.constant({ kind: 'none' as const }),
      fc.record({ kind: fc.constantFrom('scan' as const, 'loop' as const), blocks: count }),
    ),
  }),
);

describe('checkpoint plans', () => {
  it('a plan printed and parsed again is the same plan', () => {
    fc.assert(
      fc.property(plan, (original) => void expect(parseCheckpoint(formatCheckpoint(original))).toEqual(original)),
    );
  });

  it('the order of the parts does not matter', () => {
    fc.assert(
      fc.property(plan, fc.infiniteStream(fc.nat()), (original, random) => {
        const order = formatCheckpoint(original)
          .split('+')
          .map((part) => ({ part, key: random.next().value as number }));
        const shuffled = order
          .sort((a, b) => a.key - b.key)
          .map(({ part }) => part)
          .join('+');
        expect(parseCheckpoint(shuffled)).toEqual(original);
      }),
    );
  });
});

describe('lists and ranges', () => {
  const hiddenDim = findOption('hidden-dim');

  it('a range by step holds exactly the numbers that a loop would visit', () => {
    fc.assert(
      fc.property(count, count, count, (from, length, step) => {
        const to = from + length;
        const expected = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) =>
          String(from + index * step),
        );
        expect(parseValues(hiddenDim, `${from}..${to}:${step}`)).toEqual(expected);
      }),
    );
  });

  it('a range by factor stays within its ends and each value is the factor times the one before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 64, max: 4096 }),
        fc.integer({ min: 2, max: 5 }),
        (from, to, factor) => {
          const values = parseValues(hiddenDim, `${from}..${to}:x${factor}`).map(Number);
          expect(values[0]).toBe(from);
          expect(values.at(-1)! <= to && values.at(-1)! * factor > to).toBe(true);
          for (const [index, value] of values.entries()) if (index > 0) expect(value).toBe(values[index - 1]! * factor);
        },
      ),
    );
  });

  it.each([
    ['256,512', ['256', '512']],
    ['4..16:4', ['4', '8', '12', '16']],
    ['256..1024:x2', ['256', '512', '1024']],
    ['1..3', ['1', '2', '3']],
    ['1..3,2,8', ['1', '2', '3', '8']],
  ])('%s is %j', (text, expected) => expect(parseValues(hiddenDim, text)).toEqual(expected));

  it('a decimal range has no rounding dust', () => {
    expect(parseValues(findOption('radius-fraction'), '0.1..0.6:0.1')).toEqual([
      '0.1',
      '0.2',
      '0.3',
      '0.4',
      '0.5',
      '0.6',
    ]);
  });

  it('checkpoint alternatives are separated by commas', () => {
    expect(parseValues(findOption('checkpoint'), 'none,encoder+processor:every=2')).toEqual([
      'none',
      'encoder+processor:every=2',
    ]);
  });
});

describe('sizes', () => {
  it('GB and GiB both mean GiB, in any case and with or without a space', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom('GB', 'GiB', 'gb', ' GB', ' gib'),
        (amount, unit) => void expect(parseSize(`${amount}${unit}`, '--vram')).toBe(amount * GiB),
      ),
    );
  });
});

describe('precedence', () => {
  it('a typed flag replaces the recipe’s value, the recipe’s replaces the model profile’s', async () => {
    const step = async (flags: Record<string, string>) =>
      (await resolveConfig({ model: 'physicsnemo-graphcast', flags })).recipe;
    expect((await step({})).rolloutSteps).toBe(1);
    expect((await step({ recipe: 'fine-tuning' })).rolloutSteps).toBe(12);
    expect((await step({ recipe: 'fine-tuning', rollout: '3' })).rolloutSteps).toBe(3);
    expect(formatCheckpoint((await step({ recipe: 'fine-tuning' })).checkpoint)).toBe('rollout');
    expect(formatCheckpoint((await step({ recipe: 'fine-tuning', checkpoint: 'decoder' })).checkpoint)).toBe('decoder');
  });

  it('typing any number of a model changes that number and nothing else of the model', async () => {
    const resolve = await resolverFor({ model: 'graphcast-small', flags: {} });
    const untyped = resolve().model;
    const numbers = {
      'hidden-dim': 'hiddenDim',
      layers: 'layers',
      'mesh-level': 'meshLevel',
      'mlp-hidden-layers': 'mlpHiddenLayers',
      'input-channels': 'inputChannels',
      'output-channels': 'outputChannels',
    } as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(numbers) as (keyof typeof numbers)[])),
        fc.integer({ min: 1, max: 8 }),
        (flag, value) =>
          void expect(resolve({ [flag]: String(value) }).model).toEqual({ ...untyped, [numbers[flag]]: value }),
      ),
    );
  });

  it('typed channels win over those of typed levels', async () => {
    const { model } = await resolveConfig({ flags: { levels: '37', 'input-channels': '100' } });
    expect(model).toMatchObject({ pressureLevels: 37, inputChannels: 100, outputChannels: 227 });
  });

  it('--no-recompute-activation switches the profile’s off', async () => {
    const { recipe } = await resolveConfig({
      model: 'physicsnemo-graphcast',
      flags: { 'recompute-activation': false },
    });
    expect(recipe.recomputeActivation).toBe(false);
  });

  it('later flags of a resolver replace earlier ones, and the input is left as it was', async () => {
    const resolve = await resolverFor({ model: 'tiny', flags: { layers: '3' } });
    expect(resolve({ layers: '5' }).model.layers).toBe(5);
    expect(resolve().model.layers).toBe(3);
  });
});

describe('options that a runtime lacks', () => {
  it('a profile’s are dropped and named in the assumptions; typed, the same value is an error', async () => {
    const { recipe, assumptions } = await resolveConfig({ model: 'graphcast-small', flags: { runtime: 'tfjs' } });
    expect(recipe.precision).toBe('fp32');
    expect(assumptions).toEqual([
      expect.stringMatching(/^precision bf16 of graphcast-small is dropped: TensorFlow.js/),
    ]);
    await expect(
      resolveConfig({ model: 'graphcast-small', flags: { runtime: 'tfjs', precision: 'bf16' } }),
    ).rejects.toThrow(InputError);
  });

  it('nothing is said about a profile’s option that a typed one replaces', async () => {
    const { assumptions } = await resolveConfig({
      model: 'graphcast-small',
      flags: { runtime: 'tfjs', precision: 'fp32' },
    });
    expect(assumptions).toEqual([]);
  });

  it.each(
    profileNames('models').flatMap((model) => ['jax', 'pytorch', 'tfjs'].map((runtime) => [model, runtime] as const)),
  )(
    '%s in %s resolves to values of that runtime, or says that the code base runs elsewhere',
    async (model, runtime) => {
      const config = await resolveConfig({ model, flags: { runtime } }).catch((error: InputError) => error);
      if (config instanceof InputError) return expect(config.code).toBe('not-in-runtime');
      if (runtime === 'tfjs')
        expect(config.recipe).toMatchObject({ precision: 'fp32', concatTrick: 'off', recomputeActivation: false });
      if (runtime === 'jax') expect(['fp32', 'bf16']).toContain(config.recipe.precision);
      // What was dropped and said can be typed explicitly: the resolved recipe is one the runtime has.
      const { precision, optimizer, checkpoint } = config.recipe;
      await expect(
        resolveConfig({ model, flags: { runtime, precision, optimizer, checkpoint: formatCheckpoint(checkpoint) } }),
      ).resolves.toMatchObject({ recipe: config.recipe });
    },
  );

  it('the option table and what is refused agree for every recipe option and runtime', async () => {
    const sample = {
      'concat-trick': 'fused',
      'recompute-activation': true,
      allocator: 'native',
      'mem-fraction': '0.5',
      'xla-gemm': 'triton',
      tape: 'lean',
      offload: 'optimizer',
    } as const;
    for (const [name, value] of Object.entries(sample)) {
      for (const runtime of ['jax', 'pytorch', 'tfjs'] as const) {
        const resolving = resolveConfig({ flags: { runtime, [name]: value } });
        if (findOption(name).runtimes.includes(runtime)) await resolving;
        else await expect(resolving).rejects.toMatchObject({ code: 'not-in-runtime' });
      }
    }
  });
});

describe('combinations that nobody runs', () => {
  it.each([
    ['physicsnemo-graphcast', { batch: '2' }, /batch 2/],
    ['physicsnemo-graphcast', { rollout: '2' }, /73 channels out and 83 in/],
    ['graphcast-small', { runtime: 'pytorch' }, /nobody runs it in PyTorch/],
    ['physicsnemo-swe', { runtime: 'jax' }, /nobody runs it in JAX/],
    ['graphcast-small', { 'radius-fraction': '0.3' }, /without a mesh neighbour/],
    ['neural-lam', { checkpoint: 'encoder' }, /no checkpoint option/],
  ])('%s with %j is allowed and said to be so', async (model, flags, sentence) => {
    const { assumptions } = await resolveConfig({ model, flags });
    expect(assumptions.join('\n')).toMatch(sentence);
  });
});

it('a report with offload says that the host is not counted', async () => {
  const said = async (offload: string) =>
    (await resolveConfig({ model: 'tiny', flags: { runtime: 'tfjs', offload } })).assumptions.join('\n');
  expect(await said('optimizer')).toContain('host’s memory');
  expect(await said('none')).not.toContain('host');
});

describe('grids', () => {
  it.each([
    ['graphcast-small', { resolution: '0.25' }, [721, 1440, 'poles']],
    ['graphcast-small', { resolution: '1', 'grid-kind': 'no-poles' }, [180, 360, 'no-poles']],
    ['graphcast-small', { resolution: '0.25', 'grid-kind': 'cut' }, [720, 1440, 'cut']],
    ['graphcast-small', { 'grid-kind': 'cut' }, [180, 360, 'cut']],
    ['graphcast-small', { grid: '32x64' }, [32, 64, 'no-poles']],
    ['graphcast-small', { grid: '31x60' }, [31, 60, 'poles']],
    ['graphcast-small', { grid: '32x64', 'grid-kind': 'poles' }, [32, 64, 'poles']],
    ['physicsnemo-graphcast', { resolution: '1' }, [181, 360, 'physicsnemo']],
    ['physicsnemo-swe', { resolution: '0.25' }, [720, 1440, 'physicsnemo']],
    ['graphcast-small', { resolution: '0.703125' }, [257, 512, 'poles']],
  ])('%s with %j has %j', async (name, flags, [latitudes, longitudes, kind]) => {
    expect((await resolveConfig({ model: name, flags })).model.grid).toEqual({ latitudes, longitudes, kind });
  });
});

describe('devices', () => {
  it('--vram is a card of that size with the reference card’s other values, and says so', async () => {
    const { device, assumptions } = await resolveConfig({ flags: { vram: '24GB' } });
    expect(device).toMatchObject({ name: '24GB', vendor: 'any', nominalBytes: 24 * GiB, reportedBytes: 24 * GiB });
    expect(assumptions).toEqual([expect.stringContaining('h100-80gb')]);
  });

  it('without --gpu and --vram there is none', async () => {
    expect((await resolveConfig({ flags: {} })).device).toBeNull();
  });

  it('several cards without a word on how share by data', async () => {
    expect((await resolveConfig({ flags: { gpus: '4' } })).recipe).toMatchObject({ gpus: 4, parallel: 'data' });
  });
});

it('inference has no optimizer and recomputes nothing', async () => {
  const { recipe } = await resolveConfig({ model: 'graphcast', flags: { mode: 'inference' } });
  expect(recipe).toMatchObject({ optimizer: 'none', checkpoint: noCheckpoint });
});

it('resolving a candidate costs under 50 µs once its profiles are read', async () => {
  const resolve = await resolverFor({ model: 'graphcast-small', flags: { runtime: 'pytorch', vram: '24GB' } });
  const microseconds = (): number => {
    const start = performance.now();
    for (let width = 1; width <= 50; width++) {
      resolve({ 'hidden-dim': String(width), checkpoint: 'encoder+processor:every=2' });
    }
    return ((performance.now() - start) * 1000) / 50;
  };
  // The fastest of many short runs: what the code costs, not what else the machine does.
  expect(Math.min(...Array.from({ length: 200 }, microseconds))).toBeLessThan(50);
});

it('every option has a help sentence, a syntax unless it is a switch, and a name that is kebab-case', () => {
  for (const { name, help, syntax, value } of sharedOptions) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(help.length).toBeGreaterThan(20);
    expect(syntax !== '').toBe(value.kind !== 'switch');
  }
});
