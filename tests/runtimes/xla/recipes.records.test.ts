import { describe, expect, it } from 'vitest';
import { quantile } from '../../statistics.js';
import { type DrawnRecipe, drawnRecipes } from './draw.js';
import { isInRange } from './page.js';
import { type PricedRecord, priceRecord } from './price.js';
import { allOf, isCublas, recipeGroups } from './recipe-records.js';
import { readRecords } from './records.js';

const { data, recomputed, accumulate, optimizer, unchecked, plain } = recipeGroups;
const sizes = (group: readonly PricedRecord[]) => group.map(({ errorPercent }) => Math.abs(errorPercent));
const worst = (group: readonly PricedRecord[]) => Math.max(...sizes(group.filter(isCublas)));
/** Later ones stand behind them. */
const numFirstCompiled = 37;
/**
 * Steps of several cards that are farther off than the limits, in percent, each for what docs/jax.md says of it: four in fp32 before Hopper,
 * where no rule knows how many arrays meet in the loss.
 */
const farther: Readonly<Record<string, number>> = {
  '60×118 M2 64/8 fp32, 3': 10.8,
  '116×230 M2 56/4 fp32, 3': 9.3,
  '44×86 M5 40/3 fp32, 1': 2.8,
  '66×130 M5 64/7 bf16, 2': 7.7,
  '62×122 M3 168/10 fp32, 1': 5.3,
  '108×214 M4 72/1 bf16, 1': 5.1,
  '46×90 M4 256/4 bf16, 2': 3.9,
  '34×66 M4 48/7 bf16, 3': 10.4,
  '46×90 M4 64/6 bf16, 1': 6.8,
  '25×48 M3 96/4 bf16, 5': 5.9,
};
const keyOf = ({ record }: PricedRecord) =>
  `${record.grid.join('×')} M${record.mesh_size} ${record.latent_size}/${record.gnn_msg_steps} ${record.bf16 ? 'bf16' : 'fp32'}, ${record.batch}`;
const isNear = (each: PricedRecord) => !(keyOf(each) in farther);
const onHopper = ({ record }: PricedRecord) => record.target === 'h100';

describe('recipes of JAX against XLA:GPU’s buffer assignment', () => {
  it('predicts arguments within 0.1 %: moments, accumulated gradients, a card’s samples, and not what nothing reads', () => {
    for (const { argumentBytes, record } of Object.values(recipeGroups).flatMap(allOf))
      expect(Math.abs(argumentBytes / record.argument_bytes - 1)).toBeLessThan(0.001);
  });

  it('predicts one sample per card in data parallel, as it was first compiled, within 1 % in the median and 2.5 % at worst', () => {
    const first = readRecords('tests/data/xla-recipes-compiled.jsonl').slice(0, numFirstCompiled);
    const single = first.filter(
      ({ recipe, batch, gemm_mode }) => recipe === 'data' && batch === 1 && gemm_mode === 'cublas',
    );
    expect(single.length).toBeGreaterThanOrEqual(7);
    const errors = sizes(single.map((record) => priceRecord(record)));
    expect(quantile(errors, 0.5)).toBeLessThan(1);
    expect(Math.max(...errors)).toBeLessThan(2.5);
  });

  it('predicts data parallel within 0.7 % in the median and 3.5 % at worst, but for named steps, those drawn after the rules within 0.5 and 2.5 %', () => {
    const steps = allOf(data).filter(isCublas);
    expect(steps.length).toBeGreaterThanOrEqual(62);
    expect(quantile(sizes(steps), 0.5)).toBeLessThan(0.7);
    expect(worst(steps.filter(isNear))).toBeLessThan(3.5);
    const drawn = data.drawn.filter(isCublas);
    expect(drawn.length).toBeGreaterThanOrEqual(10);
    expect(quantile(sizes(drawn), 0.5)).toBeLessThan(0.5);
    expect(worst(drawn.filter(isNear))).toBeLessThan(2.5);
  });

  it('holds every step of several cards in its range, Triton’s and several samples per card too', () => {
    expect(allOf(data).filter((each) => !isInRange(each))).toEqual([]);
  });

  it('predicts what is recomputed in data parallel within 1.7 % in the median and 4 % at worst on Hopper and 4.5 before, but for named steps, those drawn after the rules too', () => {
    expect(allOf(recomputed).length).toBeGreaterThanOrEqual(60);
    expect(recomputed.drawn.length).toBeGreaterThanOrEqual(8);
    for (const steps of [allOf(recomputed), recomputed.drawn]) {
      expect(steps.every(isCublas)).toBe(true);
      expect(quantile(sizes(steps), 0.5)).toBeLessThan(1.7);
      const near = steps.filter(isNear);
      expect(worst(near.filter(onHopper))).toBeLessThan(4);
      expect(worst(near)).toBeLessThan(4.5);
    }
    expect(allOf(recomputed).filter((each) => !isInRange(each))).toEqual([]);
  });

  it('predicts each named step no farther off than is said of it', () => {
    const named = [data, recomputed].flatMap(allOf).filter((each) => !isNear(each));
    expect(new Set(named.map(keyOf))).toEqual(new Set(Object.keys(farther)));
    for (const each of named) expect(Math.abs(each.errorPercent)).toBeLessThan(farther[keyOf(each)]!);
  });

  it('needs more on several cards than on one where XLA hides the all-reduce, and the same where it does not', () => {
    for (const { record, peakLiveBytes } of allOf(data).filter(({ record: { ar_steps } }) => ar_steps === 1)) {
      const alone = priceRecord({ ...record, devices: 1 }).peakLiveBytes;
      if (onHopper({ record } as PricedRecord)) expect(peakLiveBytes).toBeGreaterThan(alone);
      else expect(peakLiveBytes / alone - 1).toBeLessThan(0.03);
    }
  });

  it('predicts accumulation and other optimizers, drawn after the rules, within 0.5 % in the median and 1.5 % at worst', () => {
    for (const { drawn } of [accumulate, optimizer]) {
      expect(drawn.length).toBeGreaterThanOrEqual(8);
      expect(quantile(sizes(drawn), 0.5)).toBeLessThan(0.5);
      expect(worst(drawn)).toBeLessThan(1.5);
    }
  });

  it('predicts accumulation, other optimizers, AdamW off all earlier shapes and rollouts that keep everything within 5 % at worst', () => {
    for (const group of [accumulate, optimizer, plain, unchecked]) expect(worst(allOf(group))).toBeLessThan(5);
    for (const group of [accumulate, optimizer, unchecked])
      expect(quantile(sizes(allOf(group)), 0.5)).toBeLessThan(1.5);
  });

  it('prices a rollout that keeps everything but what a recomputed network makes, at no more than a tenth above', () => {
    const [{ record, peakLiveBytes }] = unchecked.rules as readonly [PricedRecord];
    expect(priceRecord({ ...record, remat_plan: { enc: 1, dec: 1 } }).peakLiveBytes).toBeLessThan(1.1 * peakLiveBytes);
  });

  it('has compiled every step as it was drawn, as far as it has come', () => {
    const asDrawn = ({ record }: PricedRecord): DrawnRecipe => {
      const { target, grid, pressure_levels, mesh_size, latent_size, gnn_msg_steps, hidden_layers } = record;
      const { batch, ar_steps, bf16, gemm_mode, optimizer: name, gradient_checkpointing } = record;
      const size = { target, grid, pressure_levels, mesh_size, latent_size, gnn_msg_steps, hidden_layers };
      const recipe = {
        optimizer: name,
        gradient_checkpointing,
        devices: record.devices!,
        accumulate: record.accumulate!,
        ...(record.remat_plan && { remat_plan: record.remat_plan }),
      };
      return { ...size, batch, ar_steps, bf16, gemm_mode, ...recipe };
    };
    for (const [kind, steps] of Object.entries(drawnRecipes)) {
      const { seen, drawn } = recipeGroups[kind as keyof typeof drawnRecipes];
      const compiled = [...seen, ...drawn].map(asDrawn);
      expect(compiled).toEqual(steps.slice(0, compiled.length));
    }
  });
});
