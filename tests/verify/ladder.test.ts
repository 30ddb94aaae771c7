import { describe, expect, it } from 'vitest';
import type { Offload } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import { priceProgram } from '../../src/price.js';
import type { Ladder } from '../../src/reports/ladder/schema.js';
import { ladderOption, loadLadderSvg } from '../../src/reports/ladder/svg.js';
import { renderLadder } from '../../src/reports/ladder/table.js';
import { reportedConfig } from '../../src/services/priced.js';
import { predictedBytes } from '../../src/services/verify.js';
import type { StepBytes } from '../../src/verify/compare.js';
import { type Axis, atRung, ladderValues, lawsOf } from '../../src/verify/ladder.js';
import { configOf } from './steps.js';

const within = { kind: 'within' } as const;
const rungsOf = (values: readonly number[], bytes: (value: number) => StepBytes) =>
  values.map((value) => ({ value, predicted: bytes(value), measured: bytes(value), verdict: within }));

const config = await configOf({ 'hidden-dim': '32', layers: '8', 'mesh-level': '2' });
const plan = Object.entries(ladderValues(config)) as [Axis, readonly number[]][];

function ladderOf(measuredShare: number, offload: Offload = 'none'): Ladder {
  const recipe = { ...config.recipe, offload };
  const series = plan.map(([axis, values]) => {
    const rungs = rungsOf(values, (value) => {
      const at = atRung({ ...config, recipe }, axis, value);
      return predictedBytes(priceProgram(at, counts(at.model)));
    }).map((rung) => ({
      ...rung,
      measured: { ...rung.measured, peakLiveBytes: Math.round(measuredShare * rung.measured.peakLiveBytes) },
    }));
    return { axis, rungs, laws: lawsOf(axis, rungs, recipe, 1) };
  });
  return {
    schema: 'gc-plan/ladder@1',
    tool: { name: 'gc-plan', version: '0' },
    config: reportedConfig(config),
    backend: { name: 'js', version: '', device: '' },
    steps: 3,
    series,
    verdict: within,
    assumptions: [],
  };
}

describe('a ladder', () => {
  it('goes up to the configuration in width and depth, and from it in batch', () => {
    expect(ladderValues(config)).toEqual({
      hiddenDim: [8, 16, 24, 32],
      layers: [2, 4, 8],
      meshLevel: [1, 2],
      batchSize: [1, 2, 3],
    });
  });

  it.each(['none', 'optimizer'] as const)(
    'finds that the estimate obeys every law that it claims, offload %s',
    (offload) => {
      const laws = ladderOf(1, offload).series.flatMap((series) => series.laws);
      expect(laws).toHaveLength(5);
      for (const { claim, holds } of laws) expect(holds, claim).toBe(true);
    },
  );

  it('finds growth that is steeper than claimed', () => {
    const cubic = rungsOf([8, 16, 24, 32], (value) => ({
      parameterBytes: value ** 3,
      forwardEndBytes: 5 * value ** 2,
      peakLiveBytes: 0,
      optimizerBytes: 0,
    }));
    expect(lawsOf('hiddenDim', cubic, { ...config.recipe, optimizer: 'none' }, 1).map(({ holds }) => holds)).toEqual([
      false,
      false,
    ]);
  });

  it('claims nothing about rungs that are too few to contradict it', () => {
    const two = rungsOf([1, 2], () => ({ parameterBytes: 1, forwardEndBytes: 1, peakLiveBytes: 1, optimizerBytes: 1 }));
    expect(lawsOf('layers', two, config.recipe, 1)).toEqual([]);
  });

  it('draws what was measured, not what was predicted', async () => {
    const ladder = ladderOf(0.5);
    const { series } = ladderOption(ladder, 920) as { series: { name: string; data: [number, number][] }[] };
    const [predicted, measured] = ['predicted', 'measured'].map(
      (name) => series.find((each) => each.name === name)!.data,
    );
    expect(measured!.map(([, y]) => y)).toEqual(predicted!.map(([, y]) => expect.closeTo(y / 2, 6)));
    expect((await loadLadderSvg())(ladder, { columns: 100, colour: false })).toMatch(/^<svg .*<\/svg>/s);
    const text = renderLadder(ladder, { columns: 100, colour: false });
    expect(text.match(/●/g)).toHaveLength(plan.flatMap(([, values]) => values).length);
    expect(text).toContain('100.000 %');
  });
});
