/** `sweep --updates`: the same goal by each order of growing, and what each costs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Sweep } from '../../src/reports/sweep/schema.js';
import { fixedPaths, growthPath, numStages, parseUpdates } from '../../src/search/growth.js';
import { invoke } from '../cli/invoke.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-paths-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const from = { hiddenDim: 64, layers: 4 };
const to = { hiddenDim: 256, layers: 8 };

describe('the orders of growing', () => {
  it('go through one end, both ends of a corner, or the diagonal, and leave out what is the same', () => {
    const names = (a: typeof from, b: typeof from) =>
      fixedPaths(a, b).map(({ order, sizes }) => [
        order,
        sizes.map((each) => `${each.hiddenDim}/${each.layers}`).join(' '),
      ]);
    expect(names(from, to)).toEqual([
      ['depth first', '64/4 64/8 128/8 256/8'],
      ['width first', '64/4 128/4 256/4 256/8'],
      ['both at once', '64/4 128/8 256/8'],
      ['goal alone', '256/8'],
    ]);
    expect(names(from, { hiddenDim: 64, layers: 8 })).toEqual([
      ['depth first', '64/4 64/8'],
      ['goal alone', '64/8'],
    ]);
  });

  it('the plan is the one whose updates together cost least', () => {
    const cost = ({ hiddenDim, layers }: typeof from) => hiddenDim * layers ** 3;
    const orders = (updates?: readonly number[]) => growthPath(from, to, cost, updates).map(({ growth }) => growth);
    expect(orders()).toEqual(['start', 'widen', 'widen', 'deepen']);
    const dearer = ({ hiddenDim, layers }: typeof from) => hiddenDim ** 2 * layers;
    expect(growthPath(from, to, dearer).map(({ growth }) => growth)).toEqual(['start', 'deepen', 'widen', 'widen']);
    for (const updates of [
      [1, 1, 1, 1],
      [1, 50, 1, 1],
      [1, 1, 50, 1],
    ]) {
      const along = (sizes: readonly (typeof from)[]) =>
        sizes.reduce((sum, size, index) => sum + updates[index]! * dearer(size), 0);
      const all = fixedPaths(from, to).filter(({ sizes }) => sizes.length === numStages(from, to));
      const best = along(growthPath(from, to, dearer, updates));
      for (const { sizes } of all) expect(best).toBeLessThanOrEqual(along(sizes));
    }
  });

  it.each(['1,2,3', '0', '1,1,1,x', '', '1,,1,1', '1.5'])('--updates %j is refused with a line that works', (typed) => {
    expect(() => parseUpdates(typed, 4)).toThrow(/4 stages/);
  });

  it('one number stands for every stage', () => {
    expect(parseUpdates('7', 3)).toEqual([7, 7, 7]);
    expect(parseUpdates('1,2,3', 3)).toEqual([1, 2, 3]);
  });
});

const sweepOf = async (...flags: readonly string[]): Promise<Sweep> =>
  JSON.parse(
    (await invoke(['sweep', 'tiny', '--runtime', 'pytorch', '--hidden-dim', '64', '--layers', '4', ...flags, '--json']))
      .stdout,
  );

describe('what an order costs', () => {
  it('is updates × samples × FLOPs, updates × micro-steps × time of each stage, and the card’s price', async () => {
    const prices = join(folder, 'prices.json');
    writeFileSync(prices, '{"t4": 3.5}');
    const sizes = ['--from', '64/4', '--to', '128/8', '--updates', '100,200,1000'];
    const { plan } = await sweepOf('--gpu', 't4', '--prices', prices, ...sizes);
    const { rows, updates } = plan.paths!;
    expect(rows.map(({ order }) => order)).toEqual(['depth first', 'width first', 'both at once', 'goal alone']);
    const chosen = rows.filter((row) => row.chosen);
    expect(chosen).toHaveLength(1);
    expect(chosen[0]!.sizes).toEqual(plan.stages.map(({ hiddenDim, layers }) => ({ hiddenDim, layers })));
    const byHand = plan.stages.map(({ cost, batchSize, accumulate }, index) => ({
      flops: (updates[index]! * plan.globalBatch * cost.trainFlops) / batchSize,
      hours: (updates[index]! * accumulate * cost.stepTimeMs!) / 3.6e6,
    }));
    const sum = (key: 'flops' | 'hours') => byHand.reduce((total, each) => total + each[key], 0);
    expect(chosen[0]!.relativeFlops).toBe(1);
    expect(chosen[0]!.flops! / sum('flops')).toBeCloseTo(1, 9);
    expect(chosen[0]!.hours! / sum('hours')).toBeCloseTo(1, 9);
    expect(chosen[0]!.price! / (3.5 * sum('hours'))).toBeCloseTo(1, 9);
    // The goal is the same for all, with the same updates; alone it takes all of them.
    for (const { order, stages, relativeFlops } of rows) {
      expect(stages.at(-1)).toMatchObject({ hiddenDim: 128, layers: 8, updates: order === 'goal alone' ? 1300 : 1000 });
      if (order === 'width first') expect(relativeFlops).toBeGreaterThanOrEqual(1);
    }
  });

  it('has neither time nor money where only a size of memory was named, and is absent without --updates', async () => {
    const { plan } = await sweepOf('--vram', '8GB', '--from', '64/4', '--to', '64/8', '--updates', '10');
    expect(plan.paths!.rows.map(({ hours, price }) => [hours, price])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect((await sweepOf('--vram', '8GB', '--from', '64/4', '--to', '64/8')).plan.paths).toBeUndefined();
  });

  it('goes on where this card is not enough on the smallest that is, which estimate confirms', async () => {
    const flags = [
      '--mesh-level',
      '5',
      '--grid',
      '181x360',
      '--batch',
      '1',
      '--checkpoint',
      'none',
      '--precision',
      'fp32',
    ];
    const { plan } = await sweepOf('--gpu', 't4', ...flags, '--from', '64/4', '--to', '512/16', '--updates', '10');
    const { smallestDeviceForRest, ...size } = plan.firstStageThatNeedsMore!;
    const { stages, sizes } = plan.paths!.rows.find(({ chosen }) => chosen)!;
    expect(stages).toHaveLength(sizes.length);
    const place = sizes.findIndex(({ hiddenDim, layers }) => hiddenDim === size.hiddenDim && layers === size.layers);
    expect(stages.slice(0, place).every(({ device }) => device === 't4')).toBe(true);
    expect(stages.slice(place).every(({ device }) => device === smallestDeviceForRest)).toBe(true);
    const argv = ['estimate', 'tiny', '--runtime', 'pytorch', '--hidden-dim', '512', '--layers', '16', ...flags];
    const { exit } = await invoke([...argv, '--gpu', smallestDeviceForRest!]);
    expect(exit).toBe(0);
  });

  it('is on the first screen, which stays within 18 lines', async () => {
    const argv = ['sweep', 'tiny', '--runtime', 'pytorch', '--gpu', 't4', '--from', '64/4', '--to', '256/8'];
    for (const columns of [80, 120]) {
      const { stdout } = await invoke([...argv, '--updates', '100,100,100,900'], { columns });
      expect(stdout).toContain('(the plan)');
      expect(stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(18);
    }
  });
});
