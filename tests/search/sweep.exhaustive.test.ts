import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runtimeNames } from '../../src/config/choices.js';
import type { Estimate } from '../../src/reports/estimate/schema.js';
import type { Sweep } from '../../src/reports/sweep/schema.js';
import { invoke } from '../cli/invoke.js';

async function json<Report>(argv: readonly string[]): Promise<{ readonly exit: number; readonly report: Report }> {
  const { exit, stdout } = await invoke([...argv, '--json']);
  return { exit, report: JSON.parse(stdout) as Report };
}

const rerun = (command: string) => json<Estimate>(command.split(' ').slice(1));

describe('sweep --vram 24GB', () => {
  const models = ['graphcast-small', 'physicsnemo-graphcast', 'tiny'];

  it.each(models.flatMap((model) => runtimeNames.map((runtime) => [model, runtime] as const)))(
    'recommends stages for %s in %s that estimate finds to fit, number by number',
    { timeout: 300_000 },
    async (model, runtime) => {
      const { exit, report } = await json<Sweep>([
        'sweep',
        model,
        '--runtime',
        runtime,
        '--vram',
        '24GB',
        '--top',
        '2',
      ]);
      const { total, fits, tight, exceeds } = report.candidates;
      expect(fits + tight + exceeds).toBe(total);
      expect(exit).toBe(fits > 0 ? 0 : 1);
      const { stages, firstStageThatNeedsMore } = report.plan;
      if (firstStageThatNeedsMore === undefined) expect(stages.at(-1)).toMatchObject({ hiddenDim: 512, layers: 16 });
      for (const { command, memory, verdict, cost, parameters } of stages) {
        const { exit: stageExit, report: estimate } = await rerun(command);
        expect(stageExit).toBe(0);
        expect({ verdict, memory, cost }).toEqual({
          verdict: estimate.verdict,
          memory: estimate.memory,
          cost: estimate.cost,
        });
        expect(parameters).toBe(estimate.parameters.count);
      }
      for (const { command, memory, verdict } of report.pareto) {
        const { report: estimate } = await rerun(command);
        expect({ memory, verdict }).toEqual({ memory: estimate.memory, verdict: estimate.verdict });
      }
    },
  );

  it('keeps the global batch in every stage, as micro-batch × accumulation', async () => {
    const { report } = await json<Sweep>(['sweep', 'tiny', '--vram', '24GB', '--global-batch', '12', '--layers', '4']);
    expect(report.plan.stages.map(({ batchSize, accumulate }) => batchSize * accumulate)).toEqual([12, 12, 12]);
  });

  it('carries every parameter over when it deepens, and only part of the wider model’s', async () => {
    const { report } = await json<Sweep>(['sweep', 'tiny', '--runtime', 'pytorch', '--vram', '24GB', '--layers', '4']);
    const [start, ...later] = report.plan.stages;
    let before = start!.parameters;
    for (const { parameters, parametersCarriedOver } of later) {
      expect(parametersCarriedOver).toBe(before);
      expect(parametersCarriedOver).toBeLessThan(parameters);
      before = parameters;
    }
  });

  it('says where the card is no longer enough, and the smallest card that is', async () => {
    const argv = [
      'sweep',
      'graphcast-small',
      '--runtime',
      'pytorch',
      '--precision',
      'fp32',
      '--batch',
      '1',
      '--layers',
      '4',
    ];
    const { report } = await json<Sweep>([...argv, '--gpu', 't4', '--to', '2048/32', '--checkpoint', 'none']);
    const more = report.plan.firstStageThatNeedsMore!;
    const stage = ['--hidden-dim', `${more.hiddenDim}`, '--layers', `${more.layers}`, '--batch', '1'];
    const estimateOn = (gpu: string) =>
      json<Estimate>([
        'estimate',
        'graphcast-small',
        '--runtime',
        'pytorch',
        '--precision',
        'fp32',
        '--checkpoint',
        'none',
        '--gpu',
        gpu,
        ...stage,
      ]);
    const here = await estimateOn('t4');
    expect(here.report.verdict).toMatchObject({ kind: 'exceeds', shortfallBytes: more.shortfallBytes });
    expect((await estimateOn(more.smallestDevice!)).exit).toBe(0);
  });

  it('chooses the cheapest of several cards on which the plan reaches its goal', async () => {
    const argv = [
      'sweep',
      'graphcast-small',
      '--runtime',
      'pytorch',
      '--layers',
      '4',
      '--hidden-dim',
      '256',
      '--checkpoint',
      'none',
    ];
    const { report } = await json<Sweep>([...argv, '--gpu', 'a100-80gb,t4,a100-40gb']);
    expect(report.cards!.map(({ name }) => name)).toEqual(['t4', 'a100-40gb', 'a100-80gb']);
    expect(report.device!.name).toBe(report.cards!.find(({ reachesGoal }) => reachesGoal)!.name);
  });

  it.each([
    { prices: undefined, enough: ['taken: the smallest that is enough', 'is enough too, and is larger'] },
    { prices: { t4: 2, l4: 1 }, enough: ['is enough too, and costs more', 'taken: the cheapest that is enough'] },
  ])('says of each of several cards why it was taken or not, prices $prices', async ({ prices, enough }) => {
    const file = join(tmpdir(), `gc-plan-prices-${process.pid}.json`);
    if (prices) writeFileSync(file, JSON.stringify(prices));
    const sizes = [
      '--hidden-dim',
      '256,512',
      '--layers',
      '8,16',
      '--batch',
      '1',
      '--checkpoint',
      'rollout+processor:every=2',
    ];
    const argv = [
      'sweep',
      'graphcast-small',
      ...sizes,
      '--gpu',
      'rtx-2080-ti,t4,l4',
      ...(prices ? ['--prices', file] : []),
    ];
    const { stdout } = await invoke(argv, { columns: 80 });
    if (prices) rmSync(file);
    const saying = (card: string) => stdout.split('\n').find((line) => new RegExp(`^(cards)? +${card} `).test(line));
    expect(saying('t4')).toContain(enough[0]);
    expect(saying('l4')).toContain(enough[1]);
    expect(saying('rtx-2080-ti')).toContain('too small for');
  });

  it.each([
    [['--hidden-dim', '256..128'], 'is below'],
    [['--from', '256'], '--from 256/8'],
    [['--from', '512/8', '--to', '256/8'], '--from 256/8 --to 512/8'],
    [['--require', 'bacth>=2'], 'batch'],
    [['--max-params', 'many'], '--max-params 20M'],
    [['--runtime', 'tfjs', '--precision', 'fp32,bf16'], 'bf16'],
    [['--checkpoint', 'none,nothing'], 'nothing'],
    [['--sort', 'price'], '--sort'],
    [['--top', '0'], '--top 10'],
    [['--space', 'nowhere'], 'default'],
    [['--hidden-dim', '1..60000', '--layers', '1..1000'], 'candidates'],
    [['--gpu', 'a100-40gb,nothing'], 'nothing'],
  ])('refuses %j', async (argv, says) => {
    const card = argv.includes('--gpu') ? [] : ['--vram', '24GB'];
    const { exit, stderr } = await invoke(['sweep', ...card, ...argv]);
    expect(exit).toBe(2);
    expect(stderr).toContain(says);
  });

  it('needs a card', async () => {
    expect(await invoke(['sweep'])).toMatchObject({ exit: 2, stdout: '' });
  });

  it('exits 1 where nothing fits', async () => {
    const { exit, report } = await json<Sweep>([
      'sweep',
      'graphcast',
      '--runtime',
      'pytorch',
      '--vram',
      '2GB',
      '--layers',
      '4',
      '--batch',
      '1',
    ]);
    expect(exit).toBe(1);
    expect(report.candidates.fits).toBe(0);
    expect(report.plan.stages).toEqual([]);
  });
});
