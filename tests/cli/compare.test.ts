import { describe, expect, it } from 'vitest';
import { compare } from '../../src/services/compare.js';
import { estimate } from '../../src/services/estimate.js';
import { invoke } from './invoke.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('compare', () => {
  const flags = { gpu: 'rtx-4090' };
  const changes = { 'hidden-dim': '256', batch: '3', precision: 'fp32' };

  it('has on either side what estimate says', async () => {
    const report = await compare({ models: ['graphcast-small'], flags, changes });
    for (const [side, more] of [
      ['before', {}],
      ['after', changes],
    ] as const) {
      const { memory, verdict } = await estimate({ model: 'graphcast-small', flags: { ...flags, ...more } });
      expect(report[side].memory).toEqual(memory);
      expect(report[side].verdict.kind).toBe(verdict.kind);
    }
  });

  it('names every change in the order typed, and their bytes sum to the whole difference', async () => {
    const { causes, addedBytes, before, after } = await compare({ models: ['graphcast-small'], flags, changes });
    expect(causes.map(({ change }) => change)).toEqual(['--hidden-dim 256', '--batch 3', '--precision fp32']);
    expect(sum(causes.map((cause) => cause.addedBytes))).toBe(addedBytes);
    expect(after.memory.deviceBytes - before.memory.deviceBytes).toBe(addedBytes);
    const { memory } = await estimate({
      model: 'graphcast-small',
      flags: { ...flags, 'hidden-dim': '256', batch: '3' },
    });
    expect(causes[1]!.deviceBytes).toBe(memory.deviceBytes);
  });

  it('two models of one code base differ key by key, and end at the second', async () => {
    const { causes, after } = await compare({
      models: ['physicsnemo-swe', 'physicsnemo-graphcast'],
      flags: {},
      changes: {},
    });
    expect(causes.map(({ change }) => change)).toEqual(
      expect.arrayContaining(['--grid 721x1440', '--hidden-dim 512', '--precision bf16-full']),
    );
    expect(causes.at(-1)!.deviceBytes).toBe(after.memory.deviceBytes);
  });

  it('models of two code bases differ as a whole', async () => {
    const { causes } = await compare({ models: ['graphcast-small', 'anemoi-gnn'], flags: {}, changes: {} });
    expect(causes.map(({ change }) => change)).toEqual(['graphcast-small → anemoi-gnn']);
  });

  it('takes a change that cannot stand alone together with the next', async () => {
    const runtime = { runtime: 'pytorch' };
    const { causes } = await compare({
      models: ['graphcast-small'],
      flags: runtime,
      changes: { heads: '8', processor: 'attention', batch: '2' },
    });
    expect(causes.map(({ change }) => change)).toEqual(['--heads 8 --processor attention', '--batch 2']);
  });

  it('categories and modules sum to the peak on both sides', async () => {
    const { before, after, categories, modules } = await compare({ models: ['graphcast-small'], flags, changes });
    for (const rows of [categories, modules]) {
      expect(sum(rows.map(({ beforeBytes }) => beforeBytes))).toBe(before.memory.peakLiveBytes);
      expect(sum(rows.map(({ afterBytes }) => afterBytes))).toBe(after.memory.peakLiveBytes);
    }
  });

  it('refuses two that are the same, and a change that cannot be', async () => {
    await expect(compare({ models: ['tiny', 'tiny'], flags: {}, changes: {} })).rejects.toMatchObject({
      code: 'nothing-to-compare',
    });
    await expect(compare({ models: ['tiny'], flags: {}, changes: { layers: '0' } })).rejects.toMatchObject({
      code: 'out-of-range',
    });
  });
});

describe('gc-plan compare', () => {
  it('takes the flags behind -- as those of the second alone', async () => {
    const { stdout, exit } = await invoke(['compare', 'tiny', '--runtime', 'pytorch', '--json', '--', '--batch', '4']);
    const { before, after } = JSON.parse(stdout);
    expect(exit).toBe(0);
    expect([before.config.recipe.batchSize, after.config.recipe.batchSize]).toEqual([1, 4]);
    expect([before.config.runtime, after.config.runtime]).toEqual(['pytorch', 'pytorch']);
  });

  it.each([
    ['--batch', '4', '--json'],
    ['--json', '--batch', '4'],
    ['--format', 'json', '--batch', '4'],
    ['--batch', '4', '--format=json'],
  ])('prints as it is told behind -- too: %j', async (...behind) => {
    const { stdout, exit } = await invoke(['compare', 'tiny', '--', ...behind]);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout).after.config.recipe.batchSize).toBe(4);
  });

  it.each([
    [['compare', 'tiny', '--', 'foo'], 'only flags stand behind --'],
    [['compare', 'tiny', '--', '--nope', '1'], 'has no such flag'],
    [['compare', 'tiny'], 'are the same'],
  ])('%j is an input error', async (argv, message) => {
    const { stderr, exit } = await invoke(argv);
    expect(exit).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each([80, 120])('fits %d columns', async (columns) => {
    const { stdout } = await invoke(['compare', 'physicsnemo-swe', 'physicsnemo-graphcast'], { columns });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
  });

  it('--format github is tables that a reviewer reads', async () => {
    const { stdout } = await invoke(['compare', 'tiny', '--format', 'github', '--', '--batch', '2']);
    expect(stdout).toMatch(/\| because of \| difference \| on the card \|/);
    expect(stdout).toContain('<code>--batch 2</code>');
  });
});
