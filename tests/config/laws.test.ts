import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, noCheckpoint } from '../../src/config/checkpoint.js';
import { parseSize } from '../../src/config/numbers.js';
import { sharedOptions } from '../../src/options/definitions/shared.js';
import { resolveConfig, resolverFor } from '../../src/options/resolve.js';
import { GiB } from '../../src/units.js';

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

it('every option has a help sentence, a syntax unless it is a switch, and a name that is kebab-case', () => {
  for (const { name, help, syntax, value } of sharedOptions) {
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(help.length).toBeGreaterThan(20);
    expect(syntax !== '').toBe(value.kind !== 'switch');
  }
});
