/** Stages that gc-plan trains itself, in pure JavaScript: growing changes no prediction, in whichever way the model grows. */
import { beforeAll, describe, expect, it } from 'vitest';
import { applyGrowth } from '../../../src/models/growing/apply.js';
import { growthPlan } from '../../../src/models/growing/plan.js';
import { programCheckpoint } from '../../../src/models/growing/roles.js';
import type { Flags } from '../../../src/options/typed.js';
import { loadPlanVerificationPage, lossOption } from '../../../src/reports/verify-plan/html.js';
import type { PlanVerification } from '../../../src/reports/verify-plan/schema.js';
import { renderPlanVerification } from '../../../src/reports/verify-plan/table.js';
import { reportedConfig } from '../../../src/services/priced.js';
import { failuresOf } from '../../../src/services/verify-plan.js';
import { randomNumbers } from '../../../src/verify/arrays.js';
import { jsFolder, loadJs } from '../../../src/verify/backends/js.js';
import type { Library } from '../../../src/verify/library.js';
import { startMeter } from '../../../src/verify/meter.js';
import { parseVerifyOptions } from '../../../src/verify/options.js';
import { trainStages } from '../../../src/verify/stages.js';
import { invoke } from '../../cli/invoke.js';
import { configOf } from '../steps.js';

let tf: Library;
beforeAll(async () => {
  tf = await loadJs(jsFolder()!);
});

const least = { grid: '3x4', 'mesh-level': '0', batch: '2' };

async function train(flags: Flags, sizes: readonly (readonly [number, number])[]) {
  const configs = await Promise.all(
    sizes.map(([width, layers]) => configOf({ ...least, ...flags, 'hidden-dim': `${width}`, layers: `${layers}` })),
  );
  const meter = startMeter(tf);
  try {
    return {
      stages: trainStages(tf, configs, { numSteps: 3, meter, onStep: () => {} }),
      leftBytes: meter.liveBytes(),
    };
  } finally {
    meter.stop();
  }
}

describe('a model that grew predicts what it predicted', () => {
  it.each([
    [{}, [4, 1], [8, 2]],
    [{ 'mlp-hidden-layers': '2' }, [4, 2], [6, 2]],
    [{ 'mlp-hidden-layers': '3' }, [4, 1], [12, 1]],
    [{ checkpoint: 'processor:every=1', tape: 'lean' }, [6, 1], [9, 4]],
    [{ checkpoint: 'model', rollout: '2' }, [4, 1], [8, 1]],
    [{ checkpoint: 'edges:blocks=2' }, [4, 1], [4, 3]],
  ] as const)('%j, %j → %j', async (flags, from, to) => {
    const { stages, leftBytes } = await train(flags, [from, to]);
    const [first, second] = stages;
    expect(second!.growth!.predictionDifference).toBeLessThan(1e-4);
    const start = second!.heldOutLosses[0];
    expect(Math.abs(start / first!.heldOutLosses[1] - 1)).toBeLessThan(1e-5);
    // The first three steps learn something, or the comparison would be one of initial values.
    expect(first!.heldOutLosses[1]).toBeLessThan(0.999 * first!.heldOutLosses[0]);
    expect(leftBytes).toBe(0);
  });
});

describe('arrays that grow', () => {
  const arrays = [
    { name: 'mesh2grid.head.linear0.weight', shape: [4, 4] },
    { name: 'mesh.0.nodes.linear0.weight', shape: [8, 4] },
    { name: 'mesh.0.nodes.linear1.weight', shape: [4, 4] },
    { name: 'mesh.0.nodes.norm.scale', shape: [4] },
  ];
  const grownBy = (hiddenDim: number, name: string, values: Float32Array, asymmetry = 0.1) => {
    const plan = growthPlan([programCheckpoint], arrays, { hiddenDim });
    const array = plan.arrays.find((each) => each.name === name)!;
    return applyGrowth(array, values, { random: randomNumbers(7), asymmetry });
  };

  it('copies of a unit are read by unequal shares that sum to what the unit was read by', () => {
    const source = Float32Array.from({ length: 32 }, (_, i) => i + 1);
    const grown = grownBy(8, 'mesh.0.nodes.linear0.weight', source);
    expect(grown).toHaveLength(16 * 8);
    // Rows: what is read, two segments of 4 units each; the second copy of a unit stands 4 rows behind the first.
    for (let segment = 0; segment < 2; segment++)
      for (let unit = 0; unit < 4; unit++)
        for (let made = 0; made < 4; made++) {
          const [one, other] = [grown[(segment * 8 + unit) * 8 + made]!, grown[(segment * 8 + unit + 4) * 8 + made]!];
          expect(one + other).toBeCloseTo(source[(segment * 4 + unit) * 4 + made]!, 4);
          expect(one).not.toBe(other);
        }
  });

  it('outputs before a LayerNorm keep their variance over half as many units more', () => {
    const source = Float32Array.from({ length: 16 }, (_, i) => Math.sin(3 * i));
    const grown = grownBy(6, 'mesh.0.nodes.linear1.weight', source);
    // One input row of the old units: mean 0 and the old variance over 6 outputs, two of which are 0.
    const row = Array.from(grown.slice(0, 6));
    const old = Array.from(source.slice(0, 4));
    const mean = old.reduce((sum, x) => sum + x, 0) / 4;
    const variance = old.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4;
    expect(row.slice(4)).toEqual([0, 0]);
    expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 6);
    expect(row.reduce((sum, x) => sum + x * x, 0) / 6).toBeCloseTo(variance, 6);
  });
});

type Run = NonNullable<PlanVerification['stages'][number]['run']>;
const bytes = { parameterBytes: 4, forwardEndBytes: 5, peakLiveBytes: 6, optimizerBytes: 7 };
const run: Run = {
  measured: bytes,
  errorsPercent: { parameterBytes: 0, forwardEndBytes: 0, peakLiveBytes: 0.5, optimizerBytes: 0 },
  losses: [2, 1],
  heldOutLoss: { start: 2, end: 1 },
  stepTimeMs: 1,
  grown: {
    arrays: { copied: 1, tiled: 0, padded: 0, new: 0 },
    predictionDifference: 1e-6,
    lossDifferencePercent: 0.1,
  },
};

describe('a stage fails', () => {
  const options = parseVerifyOptions({});
  const grown = run.grown!;
  it.each<[string, Run, number]>([
    ['in nothing', run, 0],
    ['where its bytes are off', { ...run, errorsPercent: { ...run.errorsPercent, peakLiveBytes: -1.1 } }, 1],
    ['where predictions moved', { ...run, grown: { ...grown, predictionDifference: 2e-4 } }, 1],
    ['where the loss jumped', { ...run, grown: { ...grown, lossDifferencePercent: -1.5 } }, 1],
    ['where the loss did not fall', { ...run, heldOutLoss: { start: 1, end: 1 } }, 1],
    [
      'in all where it diverged',
      {
        ...run,
        heldOutLoss: { start: Number.NaN, end: Number.NaN },
        grown: { ...grown, predictionDifference: Number.NaN, lossDifferencePercent: Number.NaN },
      },
      3,
    ],
  ])('%s', (_, stage, numFailures) => {
    expect(failuresOf(stage, options)).toHaveLength(numFailures);
  });
});

describe('a trained plan', () => {
  const sizes = [
    { hiddenDim: 16, layers: 2 },
    { hiddenDim: 16, layers: 4 },
  ] as const;
  const reportOf = async (heldOutEnd: number): Promise<PlanVerification> => ({
    schema: 'gc-plan/verify-plan@1',
    tool: { name: 'gc-plan', version: '0' },
    config: reportedConfig(await configOf({ layers: '4' })),
    backend: { name: 'js', version: '4', device: 'CPU' },
    from: sizes[0],
    to: sizes[1],
    steps: 2,
    samples: { training: 64, heldOut: 1 },
    stages: sizes.map((size, index) => {
      const stage = { ...run, heldOutLoss: { start: 2, end: index === 0 ? 1 : heldOutEnd } };
      const growth = index === 0 ? ('start' as const) : ('deepen' as const);
      return { ...size, growth, parameters: 1, predicted: bytes, run: stage, failures: failuresOf(stage, options) };
    }),
    verdict: { kind: heldOutEnd < 2 ? 'within' : 'outside' },
    assumptions: [],
  });
  const options = parseVerifyOptions({});
  const layout = { columns: 100, colour: false };

  it('says yes, and its page draws a line for each stage and the held-out losses at both ends', async () => {
    const report = await reportOf(0.5);
    expect(renderPlanVerification(report, layout)).toContain('16/2 grows to 16/4 and goes on learning');
    const page = (await loadPlanVerificationPage())(report, layout);
    // Each for a wide and for a narrow screen.
    expect(page.match(/<svg /g)).toHaveLength(2 * 2);
    const { series } = lossOption(report) as { series: { name: string; data: [number, number][] }[] };
    expect(series.map(({ name }) => name)).toEqual(['16/2', '16/4', 'held out']);
    expect(series.at(-1)!.data).toEqual([
      [0, 2],
      [2, 1],
      [2, 2],
      [4, 0.5],
    ]);
  });

  it('says which stage failed, and in what', async () => {
    const text = renderPlanVerification(await reportOf(3), layout);
    expect(text).toContain('16/4: its loss did not fall');
  });
});

describe('a plan that cannot be trained', () => {
  it.each([
    [['--hidden-dim', '64'], 'conflicting-options'],
    [['--optimizer', 'none'], 'conflicting-options'],
    [['--ladder'], 'conflicting-options'],
    [['--runtime', 'jax'], 'not-run-here'],
    [['--processor', 'gated'], 'not-grown-here'],
    [['--from', '32/4', '--to', '16/2'], 'shrinking-plan'],
  ])('%j is refused: %s', async (flags, code) => {
    const { exit, stdout } = await invoke(['verify', 'tiny', '--plan', '--backend', 'js', ...flags, '--json']);
    expect({ exit, code: JSON.parse(stdout).code }).toEqual({ exit: 2, code });
  });
});
