import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointParts } from '../../src/config/checkpoint.js';
import { runtimeNames } from '../../src/config/choices.js';
import { profileNames } from '../../src/config/profiles.js';
import { InputError } from '../../src/errors.js';
import { layoutNames } from '../../src/models/index.js';

import { isProposable } from '../../src/models/refusals.js';
import { resolveConfig } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { advise } from '../../src/services/advise.js';
import { estimate } from '../../src/services/estimate.js';
import { solve } from '../../src/services/solve.js';
import { sweep } from '../../src/services/sweep.js';
import { reflowed } from '../docs/prose.js';
import { flagsOf, type Row, rows } from './options-run.js';
import { whatRunsPage } from './what-runs-page.js';

const tiny = { grid: '10x20', 'mesh-level': '1', 'hidden-dim': '16', layers: '4' } as const;

/** What gc-plan says to a row. */
async function judged(row: Row) {
  try {
    const { model, recipe, runtime } = await resolveConfig({ model: row.model, flags: flagsOf(row) });
    const answer = isProposable({ model, recipe, runtime }) ? 'priced' : 'priced, and said to need a change';
    return { row, answer } as const;
  } catch (error) {
    if (error instanceof InputError) return { row, answer: 'refused' } as const;
    throw error;
  }
}

describe('options that the real code bases ran', () => {
  it('are priced where they run; what raises is refused, or said to need a change', async () => {
    const wrong: unknown[] = [];
    for (const row of rows) {
      const { answer } = await judged(row);
      const right = row.outcome === 'runs' || row.outcome === 'not tried' ? answer === 'priced' : answer !== 'priced';
      if (!right) wrong.push({ ...row, answer });
    }
    expect(wrong).toEqual([]);
    expect(rows.filter(({ outcome }) => outcome === 'raises').length).toBeGreaterThan(20);
  });

  it('are the table of docs/what-runs.md, as it is committed', async () => {
    const answers = await Promise.all(rows.map(judged));
    await expect(reflowed(whatRunsPage(answers))).toMatchFileSnapshot('../../docs/what-runs.md');
  });
});

describe('PhysicsNeMo’s GraphCastNet', () => {
  const model = 'physicsnemo-graphcast';

  it.each([{ batch: '2' }, { batch: '2', mode: 'inference' }])('is refused with %j, with its source', async (flags) => {
    await expect(estimate({ model, flags })).rejects.toMatchObject({
      code: 'cannot-run',
      message: expect.stringMatching(/--batch 2: .*prepare_input.*github\.com\/NVIDIA\/physicsnemo/),
    });
  });

  it('takes batch 1 at most, and solve says why', async () => {
    const solution = await solve({ model, flags: { gpu: 'h200' }, for: 'batch' });
    expect(solution.best?.value).toBe(1);
    expect(solution.next).toBeUndefined();
    expect(solution.refused).toMatchObject({ value: 2, reason: expect.stringMatching(/one sample/) });
  });

  it('is left out of a sweep above batch 1, and counted with the reason; the plan accumulates', async () => {
    const flags = { ...tiny, 'hidden-dim': '16,32', layers: '4', vram: '80GB', batch: '1,2,4' };
    const { candidates, plan, pareto } = await sweep({ model, flags, from: '16/4', to: '32/4' });
    const tried = candidates.total / 5;
    expect(candidates.refused).toMatchObject([{ reason: expect.stringMatching(/one sample/), count: 20 }]);
    expect(tried).toBe(2);
    expect(plan.stages.map(({ batchSize, accumulate }) => [batchSize, accumulate])).toEqual([
      [1, 4],
      [1, 4],
    ]);
    expect(pareto.every(({ config }) => config.recipe.batchSize === 1)).toBe(true);
  });

  it('refuses a sweep of which nothing is left', async () => {
    const flags = { ...tiny, vram: '80GB' };
    await expect(sweep({ model, flags: { ...flags, batch: '2,4' } })).rejects.toMatchObject({ code: 'cannot-run' });
    const both = { ...flags, precision: 'bf16,fp16', 'recompute-activation': true };
    await expect(sweep({ model, flags: both })).rejects.toMatchObject({ code: 'cannot-run' });
  });

  it('is allowed above batch 1 under another runtime’s rules, and said to be hypothetical', async () => {
    const { assumptions, config } = await estimate({ model, flags: { ...tiny, batch: '2', runtime: 'jax' } });
    expect(config.recipe.batchSize).toBe(2);
    expect(assumptions.join('\n')).toMatch(/nobody runs it in JAX/);
    const other = { ...tiny, runtime: 'pytorch', precision: 'bf16', 'recompute-activation': true, batch: '2' };
    expect((await estimate({ model: 'graphcast-small', flags: other })).assumptions.join('\n')).toMatch(
      /hypothetical/i,
    );
  });

  it.each(['bf16', 'fp16'])(
    'refuses recompute_activation under autocast to %s where both were typed',
    async (precision) => {
      await expect(estimate({ model, flags: { precision, 'recompute-activation': true } })).rejects.toMatchObject({
        code: 'cannot-run',
        message: expect.stringMatching(/autocast/),
      });
      const inference = await estimate({ model, flags: { ...tiny, precision, mode: 'inference' } });
      expect(inference.config.recipe.recomputeActivation).toBe(false);
    },
  );

  it('drops the profile’s recompute_activation beside a typed precision, and lists it', async () => {
    const { recipe, assumptions } = await resolveConfig({ model, flags: { precision: 'bf16' } });
    expect(recipe).toMatchObject({ precision: 'bf16', recomputeActivation: false });
    expect(assumptions.join('\n')).toMatch(/--recompute-activation of physicsnemo-graphcast is dropped/);
  });

  it('says what stands in for an option that nobody gave', async () => {
    const flags = { runtime: 'pytorch', loss: 'crps-naive' };
    const { recipe, assumptions } = await resolveConfig({ model: 'anemoi-gnn', flags });
    expect(recipe.ensemble).toBe(4);
    expect(assumptions.join('\n')).toMatch(/--ensemble 4 stands in, as none is given: the CRPS is/);
  });

  it('counts an imported file’s keys as typed', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'gc-plan-')), 'config.yaml');
    const size = 'processor_layers: 4\nhidden_dim: 16\nmesh_level: 1\nlatlon_res: [10, 20]\nnum_channels_climate: 3\n';
    writeFileSync(file, `${size}full_bf16: false\namp: true\namp_dtype: bfloat16\nrecompute_activation: true\n`);
    await expect(resolveConfig({ flags: { import: file } })).rejects.toMatchObject({ code: 'cannot-run' });
    const { recipe } = await resolveConfig({ flags: { import: file, precision: 'fp32' } });
    expect(recipe).toMatchObject({ precision: 'fp32', recomputeActivation: true });
    await expect(resolveConfig({ flags: { import: file, precision: 'fp16' } })).rejects.toMatchObject({
      code: 'cannot-run',
    });
  });

  it('is never advised to recompute activations under autocast', async () => {
    const flags = { precision: 'bf16', 'recompute-activation': false, 'concat-trick': 'off', checkpoint: 'none' };
    const sizes = { grid: '181x360', 'mesh-level': '5', vram: '9GB' };
    const { changes, cheapest } = await advise({ model, flags: { ...flags, ...sizes } });
    const commands = [...changes, ...(cheapest ? [cheapest] : [])].map(({ command }) => command);
    expect(commands.length).toBeGreaterThan(3);
    expect(
      commands.filter((command) => command.includes(' --recompute-activation') && !command.includes('bf16-full')),
    ).toEqual([]);
  });
});

describe('every part of a checkpoint plan', () => {
  /** One of each network: a shipped model, and the processor that makes another one of it. */
  const models: readonly (readonly [model: string, flags: Flags])[] = [
    ['graphcast-small', {}],
    ['gencast-mini', {}],
    ['weathernext2-mini', {}],
    ['physicsnemo-graphcast', {}],
    ['anemoi-gnn', {}],
    ['anemoi-graphtransformer', {}],
    ['anemoi-transformer', {}],
    ['anemoi-graphtransformer', { processor: 'point-wise' }],
    ['graph-weather', {}],
    ['neural-lam', {}],
  ];

  it('is priced or refused, in every code base and runtime', async () => {
    expect(models.length).toBe(layoutNames().length);
    const known = profileNames('models');
    for (const [model, network] of models) {
      expect(known).toContain(model);
      for (const runtime of runtimeNames) {
        for (const part of checkpointParts) {
          for (const plan of [part, `encoder+decoder+${part}`]) {
            const flags = { ...tiny, ...network, 'mesh-level': '0', runtime, checkpoint: plan, rollout: '2' };
            try {
              const { memory } = await estimate({ model, flags });
              expect(memory.peakLiveBytes).toBeGreaterThan(0);
            } catch (error) {
              if (!(error instanceof InputError)) throw new Error(`${model} ${runtime} ${plan}`, { cause: error });
            }
          }
        }
      }
    }
  });

  it.each(models.slice(4))(
    'says what to type instead of PhysicsNeMo’s segments in %s with %j',
    async (model, network) => {
      const flags = { ...network, checkpoint: 'encoder+processor:segments=2' };
      await expect(estimate({ model, flags })).rejects.toMatchObject({
        code: 'cannot-run',
        nextSteps: ['--checkpoint encoder+processor:every=1'],
      });
    },
  );
});
