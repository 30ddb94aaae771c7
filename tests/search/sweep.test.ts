import { describe, expect, it } from 'vitest';
import { runtimeNames } from '../../src/config/capabilities.js';
import { loadDevice, loadModel, profileNames } from '../../src/config/profiles.js';
import { resolveWith } from '../../src/config/resolve.js';
import { price } from '../../src/estimate.js';
import type { Estimate } from '../../src/report/schemas/estimate.js';
import type { Sweep } from '../../src/report/schemas/sweep.js';
import { states } from '../../src/search/candidates.js';
import { runSearch } from '../../src/search/run.js';
import { flagsOfCandidate, numCandidates, spaceOf } from '../../src/search/space.js';
import { Structures } from '../../src/search/structure.js';
import { experiences } from '../../src/services/priced.js';
import { counts } from '../../src/topology/counts.js';
import { invoke } from '../cli/invoke.js';

async function json<Report>(argv: readonly string[]): Promise<{ readonly exit: number; readonly report: Report }> {
  const { exit, stdout } = await invoke([...argv, '--json']);
  return { exit, report: JSON.parse(stdout) as Report };
}

const rerun = (command: string) => json<Estimate>(command.split(' ').slice(1));

describe('every candidate of 5,000', () => {
  const card = loadDevice('h100-80gb');
  const signal = new AbortController().signal;

  it.each(runtimeNames)(
    'has the live bytes and the verdict of its own estimate in %s',
    { timeout: 600_000 },
    async (runtime) => {
      const precisions = runtime === 'tfjs' ? { tape: 'plain,lean' } : { precision: 'fp32,bf16' };
      const { space } = spaceOf(
        await loadModel('tiny'),
        {},
        {
          runtime,
          ...precisions,
          'hidden-dim': '8..200:8',
          layers: '1..5',
          batch: '1..4',
          'mesh-level': '1,2',
          checkpoint: 'none,encoder,model,encoder+decoder+processor:every=1,processor:every=2',
          // JAX's pool is a share of the card beside the context, the others' is what the context leaves.
          vram: runtime === 'jax' ? '800MB' : '600MB',
        },
      );
      expect(numCandidates(space)).toBe(10_000);
      const { device } = resolveWith(space.profile, space.common);
      const accuracies = experiences();
      const found = await runSearch(
        { space, device: device!, limits: undefined, accuracies },
        { numWorkers: 1, signal, structures: new Structures() },
      );
      const kinds = new Set<string>();
      for (let index = 0; index < numCandidates(space); index += 2) {
        const state = states[found.state[index]!]!;
        if (state === 'refused') continue;
        const config = resolveWith(space.profile, flagsOfCandidate(space, index));
        const { liveness, verdict, process } = price(
          config,
          counts(config.model),
          card,
          undefined,
          accuracies[runtime],
        );
        expect(found.peakLiveBytes[index]).toBe(liveness.peak.liveBytes);
        expect(state === 'exceedsDeduced' ? 'exceeds' : state).toBe(verdict.kind);
        if (state === 'fits') expect(found.deviceBytes[index]).toBe(process.deviceBytes);
        kinds.add(verdict.kind);
      }
      expect([...kinds].sort()).toEqual(expect.arrayContaining(['exceeds', 'fits']));
    },
  );
});

describe('every candidate of a small space', () => {
  const signal = new AbortController().signal;

  const models = profileNames('models').map((model) => [model, {}] as const);
  const processors = runtimeNames.map((runtime) => ['tiny', { runtime, processor: 'gated,gated-edges' }] as const);
  // Widths around those at which a tensor has 4,096 elements.
  const small = { runtime: 'pytorch', 'hidden-dim': '62..66' };
  const smallTensors = [
    ['tiny', { ...small, optimizer: 'adamw-8bit,adafactor' }] as const,
    ['tiny', { ...small, offload: 'none,optimizer' }] as const,
  ];

  it.each([...models, ...processors, ...smallTensors])(
    'has the live bytes and the verdict of its own estimate: %s %j',
    { timeout: 120_000 },
    async (model, more) => {
      const sizes = {
        'hidden-dim': '64,128,192',
        batch: '1,2',
        'mesh-level': '1,2',
        layers: '4',
        resolution: '6',
        checkpoint: 'none',
        ...more,
      };
      const { space } = spaceOf(await loadModel(model), {}, { ...sizes, vram: '1GB' });
      const device = resolveWith(space.profile, space.common).device!;
      const accuracies = experiences();
      const search = { space, device, limits: undefined, accuracies };
      const found = await runSearch(search, { numWorkers: 1, signal, structures: new Structures() });
      for (let index = 0; index < numCandidates(space); index++) {
        const config = resolveWith(space.profile, flagsOfCandidate(space, index));
        const { liveness, verdict } = price(
          config,
          counts(config.model),
          device,
          undefined,
          accuracies[config.runtime],
        );
        const state = states[found.state[index]!]!;
        expect(found.peakLiveBytes[index]).toBe(liveness.peak.liveBytes);
        expect(state === 'exceedsDeduced' ? 'exceeds' : state).toBe(verdict.kind);
      }
    },
  );
});

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

describe('the table', () => {
  const argv = ['sweep', 'tiny', '--runtime', 'pytorch', '--vram', '2GB', '--to', '1024/16'];

  it.each([80, 120])('fits %i columns and looks as it did', async (columns) => {
    const { stdout } = await invoke(argv, { columns });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    await expect(stdout).toMatchFileSnapshot(`../data/golden/sweep-${columns}.txt`);
  });

  it('is the same piped, and with NO_COLOR on a terminal', async () => {
    const piped = await invoke(argv, { columns: 80 });
    const plain = await invoke(argv, { columns: 80, isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).toBe(piped.stdout);
  });

  it('of solve looks as it did', async () => {
    const { stdout } = await invoke(['solve', 'tiny', '--for', 'batch', '--runtime', 'pytorch', '--vram', '1GB'], {
      columns: 80,
    });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    await expect(stdout).toMatchFileSnapshot('../data/golden/solve-80.txt');
  });
});
