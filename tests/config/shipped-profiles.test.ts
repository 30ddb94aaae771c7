import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeviceProfile, ModelProfile } from '../../src/config/profiles.js';
import { profileKinds, profileNames, readProfile } from '../../src/config/profiles.js';
import { codeBaseOf } from '../../src/models/index.js';
import { parseValues } from '../../src/options/lists.js';
import { loadModel } from '../../src/options/load-model.js';
import { findOption } from '../../src/options/option-values.js';
import {
  deviceProfileSchema,
  modelProfileSchema,
  priceListSchema,
  recipeProfileSchema,
  spaceProfileSchema,
} from '../../src/options/profile-schema.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { GiB } from '../../src/units.js';

const schemas = {
  models: modelProfileSchema,
  recipes: recipeProfileSchema,
  gpus: deviceProfileSchema,
  spaces: spaceProfileSchema,
};

describe.each(profileKinds.flatMap((kind) => profileNames(kind).map((name) => ({ kind, name }))))(
  '$kind/$name',
  ({ kind, name }) => {
    it('obeys the schema of its kind and carries its own name', () => {
      expect(schemas[kind].parse(readProfile(kind, name))).toMatchObject({ name });
    });
  },
);

it('the prices that ship are of known cards, each once, with provider and date', () => {
  const { prices } = priceListSchema.parse(readProfile('prices', 'on-demand'));
  const cards = prices.map(({ gpu }) => gpu);
  expect(cards.filter((gpu) => !profileNames('gpus').includes(gpu))).toEqual([]);
  expect(new Set(cards).size).toBe(cards.length);
});

describe('models', () => {
  it('are the ones the documentation promises', () => {
    expect(profileNames('models')).toEqual(
      expect.arrayContaining([
        'graphcast',
        'graphcast-small',
        'graphcast-operational',
        'graphcast-1p5deg',
        'physicsnemo-graphcast',
        'physicsnemo-swe',
        'tiny',
        'anemoi-graphtransformer',
        'anemoi-gnn',
        'graph-weather',
        'neural-lam',
        'gencast-mini',
        'gencast-1deg',
        'gencast',
        'gencast-operational',
        'weathernext2',
        'weathernext2-mini',
        'weathernext2-cyclones',
      ]),
    );
  });

  it.each(profileNames('models'))('%s resolves without a flag, dropping nothing of itself', async (name) => {
    const { assumptions, model, recipe } = await resolveConfig({ model: name, flags: {} });
    const { modelNotes, recipeNotes } = codeBaseOf(model.layout);
    expect(assumptions).toEqual([...(modelNotes?.(model) ?? []), ...(recipeNotes?.(recipe, model) ?? [])]);
  });

  // An independent road: channels counted from the variables of the paper (table 1), not from a profile.
  it.each([
    ['graphcast', 5, 37],
    ['graphcast-small', 5, 13],
    ['graphcast-operational', 4, 13],
    ['graphcast-1p5deg', 5, 13],
  ])('%s reads and predicts the channels that its variables make', async (name, surfaceInputs, levels) => {
    const { model } = await resolveConfig({ model: name, flags: {} });
    const forcings = 3 * 5;
    const structural = 3;
    expect(model.inputChannels).toBe(2 * (surfaceInputs + 6 * levels) + forcings + 2 + structural);
    expect(model.outputChannels).toBe(5 + 6 * levels);
  });

  it('keep the shipped grid when its own resolution is typed', async () => {
    for (const [name, degrees] of [
      ['graphcast', '0.25'],
      ['graphcast-small', '1'],
      ['graphcast-1p5deg', '1.5'],
      ['physicsnemo-graphcast', '0.25'],
      ['physicsnemo-swe', '0.5'],
      ['tiny', '6'],
    ] as const) {
      const untyped = await resolveConfig({ model: name, flags: {} });
      const typed = await resolveConfig({ model: name, flags: { resolution: degrees } });
      expect(typed.model.grid).toEqual(untyped.model.grid);
    }
  });
});

describe('gpus', () => {
  const cards = profileNames('gpus').map((name) => readProfile<DeviceProfile>('gpus', name));

  it('are at least 25 and have the names that the contract fixes', () => {
    expect(cards.length).toBeGreaterThanOrEqual(25);
    expect(cards.map((card) => card.name)).toEqual(
      expect.arrayContaining([
        't4',
        'l4',
        'l40s',
        'a6000',
        'v100-16gb',
        'v100-32gb',
        'a100-40gb',
        'a100-80gb',
        'h100-80gb',
        'h200',
        'rtx-4090',
      ]),
    );
  });

  it.each(cards)(
    '$name: the driver reports a little less than the size on the box, and the context leaves nearly all of it',
    (card) => {
      expect(card.reportedBytes).toBeLessThanOrEqual(card.nominalBytes);
      expect(card.reportedBytes).toBeGreaterThan(0.9 * card.nominalBytes);
      for (const context of Object.values(card.contextBytes)) expect(context).toBeLessThan(0.06 * card.reportedBytes);
      expect(card.nominalBytes % GiB).toBe(0);
    },
  );

  it.each(cards)(
    '$name: arithmetic is dense and ordered fp32 ≤ tf32 ≤ 16-bit, and bf16 units exist from Ampere on',
    (card) => {
      const { fp32, tf32 = fp32, fp16 = tf32, bf16 } = card.tflops;
      expect(fp32).toBeLessThanOrEqual(tf32);
      expect(tf32).toBeLessThanOrEqual(fp16);
      if (card.vendor === 'nvidia') expect(bf16 !== undefined).toBe(card.computeCapability >= 80);
      // Figures with sparsity are twice the dense ones: fp16 would exceed 17 times fp32 on Ampere and Hopper.
      if (card.computeCapability >= 80 && card.computeCapability <= 90) expect(fp16 / fp32).toBeLessThan(17);
    },
  );

  it('have PyTorch’s cuBLAS workspace: 32 MiB on Hopper and Blackwell, 8,519,680 bytes elsewhere', () => {
    for (const card of cards.filter(({ vendor }) => vendor === 'nvidia')) {
      expect(card.cublasWorkspaceBytes).toBe(card.computeCapability >= 90 ? 33_554_432 : 8_519_680);
    }
  });
});

describe('recipes and spaces', () => {
  it('fine-tuning flows through twelve steps, each recomputed', async () => {
    const { recipe } = await resolveConfig({ model: 'graphcast', flags: { recipe: 'fine-tuning' } });
    expect(recipe).toMatchObject({ rolloutSteps: 12, checkpoint: { rollout: true } });
  });

  it.each(profileNames('spaces'))('space %s holds options that exist and lists that parse', (name) => {
    const { options } = readProfile<{ options: Record<string, string> }>('spaces', name);
    for (const [option, list] of Object.entries(options))
      expect(parseValues(findOption(option), list).length).toBeGreaterThan(1);
  });
});

describe('a user’s profile file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };

  it('changes what it names and keeps the rest of its base', async () => {
    const base = readProfile<ModelProfile>('models', 'graphcast-small');
    const profile = await loadModel(
      file('mine.json', { base: 'graphcast-small', model: { hiddenDim: 256 }, recipe: { rolloutSteps: 2 } }),
    );
    expect(profile).toEqual({
      ...base,
      name: 'mine',
      model: { ...base.model, hiddenDim: 256 },
      recipe: { ...base.recipe, rolloutSteps: 2 },
      sources: profile.sources,
    });
  });

  it('gets the channels of its pressure levels unless it names them', async () => {
    const derived = await resolveConfig({
      model: file('levels.json', { base: 'graphcast-small', model: { pressureLevels: 37 } }),
      flags: {},
    });
    expect(derived.model).toMatchObject({ inputChannels: 474, outputChannels: 227 });
    const named = await resolveConfig({
      model: file('named.json', {
        base: 'graphcast-small',
        model: { pressureLevels: 37, inputChannels: 9, outputChannels: 8 },
      }),
      flags: {},
    });
    expect(named.model).toMatchObject({ inputChannels: 9, outputChannels: 8 });
  });

  it('takes a resolution instead of a grid', async () => {
    const { model } = await resolveConfig({
      model: file('degrees.json', { base: 'graphcast', model: { resolutionDeg: 2 } }),
      flags: {},
    });
    expect(model.grid).toEqual({ latitudes: 91, longitudes: 180, kind: 'poles' });
  });
});
