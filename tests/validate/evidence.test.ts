/** Writes `profiles/truth/evidence.json` from the records of `tests/data`; fails where the committed file is not what they give. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reservedErrorBar } from '../../src/accuracy/evidence.js';
import { mostThatFollows, shippedErrorBar } from '../../src/accuracy/figures.js';
import { estimate } from '../../src/services/estimate.js';
import { invoke } from '../cli/invoke.js';
import { evidence } from './evidence.js';
import { pytorchSteps } from './pytorch-steps.js';

// No ledger: what this machine verified is no part of what ships.
beforeAll(() => void vi.stubEnv('XDG_DATA_HOME', 'no-ledger'));
afterAll(() => vi.unstubAllEnvs());

/** The last bits of a quotient are no figure. */
const rounded = (_: string, value: unknown): unknown => (typeof value === 'number' ? Number(value.toFixed(6)) : value);

describe('the evidence that ships', () => {
  it('is what the records of tests/data give', async () => {
    const groups = evidence().map((group) => `    ${JSON.stringify(group, rounded)}`);
    await expect(`{\n  "groups": [\n${groups.join(',\n')}\n  ]\n}\n`).toMatchFileSnapshot(
      '../../profiles/truth/evidence.json',
    );
    const under = evidence().flatMap(({ runtime, live }) => (runtime === 'tfjs' ? live.worstUnderPercent : []));
    expect(Math.max(...under)).toBeCloseTo(shippedErrorBar.worstUnderPercent, 4);
  }, 300_000);
});

describe('the upper end of PyTorch’s range', () => {
  const allocators = ['native', 'expandable'] as const;
  const steps = pytorchSteps().flatMap(({ layout, mode, steps: ofGroup }) =>
    ofGroup.flatMap(({ config, ...errors }) =>
      allocators.map((allocator) => ({
        layout,
        mode,
        isCut: config.recipe.gpus > 1,
        allocator,
        error: errors[allocator],
        bar: reservedErrorBar({ ...config, recipe: { ...config.recipe, allocator } }),
      })),
    ),
  );

  it('holds every record, whatever the code base', () => {
    const reservedBytes = 1e12;
    for (const { error, bar } of steps)
      expect(mostThatFollows(reservedBytes * (1 + error / 100), bar.worstUnderPercent)).toBeGreaterThan(
        // Figures ship with six decimals.
        reservedBytes * (1 - 1e-8),
      );
  });

  it('is as far off as the worst record of the code base, the mode and the network, on one card or cut over several, and of no other', () => {
    for (const { bar, ...group } of steps) {
      const same = steps.filter(
        ({ layout, mode, isCut, allocator }) =>
          layout === group.layout &&
          (mode ?? 'train') === (group.mode ?? 'train') &&
          isCut === group.isCut &&
          allocator === group.allocator,
      );
      expect(bar.worstUnderPercent).toBeCloseTo(-Math.min(0, ...same.map(({ error }) => error)), 5);
      expect(bar.isStandIn).toBe(false);
    }
  });

  it.each([
    ['physicsnemo-graphcast', { mode: 'inference' }],
    ['physicsnemo-graphcast', { processor: 'gated' }],
    ['graph-weather', { gpus: '2' }],
    ['graphcast-small', { runtime: 'pytorch' }],
  ])(
    'of %s with %j, which no record is of, is the widest of the runtime, and the report says so',
    async (model, flags) => {
      for (const allocator of allocators) {
        const { memory, assumptions } = await estimate({ model, flags: { ...(flags as object), allocator } });
        const widest = Math.max(
          ...steps.filter((step) => step.allocator === allocator && !step.isCut).map(({ error }) => -error),
        );
        const outsideBytes = memory.deviceBytes - memory.peakReservedBytes;
        const aboveReserved = (memory.range.highBytes - outsideBytes) / memory.peakReservedBytes;
        expect(aboveReserved).toBeCloseTo(1 / (1 - widest / 100), 6);
        expect(assumptions.join()).toContain(
          `${Number(widest.toFixed(2))} % too low, the worst of all PyTorch records of one card`,
        );
      }
    },
  );
});

const accuracyOf = async (model: string, flags: Readonly<Record<string, string>>) =>
  (await estimate({ model, flags })).accuracy;

describe('the accuracy of a report', () => {
  it.each([
    ['anemoi-gnn', 39],
    ['graph-weather', 19],
    ['neural-lam', 22],
  ])('of %s is about that code base alone', async (model, cases) => {
    const { accuracy } = await estimate({ model, flags: {} });
    expect(accuracy).toMatchObject({ checked: true, cases });
    expect(accuracy.reserved?.allocator).toBe('native');
    expect(accuracy.source).toContain(model.split('-')[0]);
  });

  it('is about the allocator that was asked for', async () => {
    const { reserved } = await accuracyOf('anemoi-gnn', { allocator: 'expandable' });
    expect(reserved?.allocator).toBe('expandable');
    expect(reserved).not.toEqual((await accuracyOf('anemoi-gnn', {})).reserved);
  });

  it.each([
    ['cublas', 'cublas', 'cuBLAS'],
    ['triton', 'triton', 'Triton'],
    ['auto', 'triton', 'Triton'],
  ])('with --xla-gemm %s is about steps compiled with such products', async (gemm, kind, name) => {
    const { range } = await accuracyOf('graphcast-small', { 'xla-gemm': gemm });
    expect(range?.xlaGemm).toBe(kind);
    const { stdout } = await invoke(['estimate', 'graphcast-small', '--xla-gemm', gemm, '--details']);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`${range?.inside} of ${range?.cases} with ${name} products inside`);
  });

  it.each([
    ['graphcast-small', { processor: 'attention' }],
    ['physicsnemo-graphcast', { processor: 'gated' }],
    ['physicsnemo-graphcast', { gpus: '2' }],
    ['physicsnemo-graphcast', { mode: 'inference' }],
    ['physicsnemo-graphcast', { runtime: 'jax' }],
    ['anemoi-gnn', { mode: 'inference' }],
  ])('of %s with %j is that nothing was checked', async (model, flags) => {
    const accuracy = await accuracyOf(model, flags as Readonly<Record<string, string>>);
    expect(accuracy).toMatchObject({ checked: false, cases: 0 });
    expect(accuracy).not.toHaveProperty('medianErrorPercent');
  });

  it('of a forecast in JAX is about compiled forecasts', async () => {
    const training = await accuracyOf('graphcast-small', { 'xla-gemm': 'cublas' });
    const forecast = await accuracyOf('graphcast-small', { 'xla-gemm': 'cublas', mode: 'inference' });
    expect(forecast).toMatchObject({ checked: true, mode: 'inference' });
    expect(forecast.cases).not.toBe(training.cases);
    expect(forecast.source).toContain('forecast');
  });

  it('is about steps with offload where the state is offloaded', async () => {
    const { source, beyond } = await accuracyOf('physicsnemo-graphcast', { offload: 'optimizer' });
    expect(source).toContain('offload');
    expect(beyond ?? []).not.toContain('--offload optimizer');
  });

  it('says which options no record has', async () => {
    const { checked, beyond } = await accuracyOf('physicsnemo-graphcast', { accumulate: '4' });
    expect(checked).toBe(true);
    expect(beyond).toContain('--accumulate above 1');
    const { stdout } = await invoke(['estimate', 'physicsnemo-graphcast', '--accumulate', '4', '--details']);
    expect(stdout.replace(/\s+/g, ' ')).toContain('no record has --accumulate above 1');
  });
});
