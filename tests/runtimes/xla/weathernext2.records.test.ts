import { describe, expect, it } from 'vitest';
import { formatShape } from '../../../src/ir/shape.js';
import { GiB } from '../../../src/units.js';
import { quantile } from '../../statistics.js';
import {
  isInWeatherNextRange,
  type PricedWeatherNext,
  priceWeatherNext,
  type WeatherNextRecord,
  weatherNextGroups,
} from './weathernext2-records.js';

const { forecasts, trainings, rules, drawn } = weatherNextGroups();
const all = [...forecasts, ...trainings, ...rules, ...drawn];
const sizes = (group: readonly PricedWeatherNext[]) => group.map(({ errorPercent }) => Math.abs(errorPercent));
const worst = (group: readonly PricedWeatherNext[]) => Math.max(...sizes(group));
const named = (name: string): PricedWeatherNext => all.find(({ record }) => record.name === name)!;

/** Alive at the peak: how many arrays of a shape, in the trace's symbols. */
function aliveAtPeak({ trace, live }: PricedWeatherNext): ReadonlyMap<string, number> {
  const alive = new Set<number>();
  for (const event of trace.events.subarray(0, live.peak.event + 1))
    if (event > 0) alive.add(event - 1);
    else alive.delete(-event - 1);
  const shapes = new Map<string, number>();
  for (const buffer of alive) {
    const { shape, dtype } = trace.layouts[trace.bufferLayout[buffer]!]!;
    const key = `${dtype} ${formatShape(shape)}`;
    shapes.set(key, (shapes.get(key) ?? 0) + 1);
  }
  return shapes;
}

describe('WeatherNext 2 in JAX against XLA:GPU’s buffer assignment', () => {
  it('has the parameters of every record to the unit, and its arguments to the key and the counter of the optimizer', () => {
    for (const { record, parameters, argumentBytes } of all) {
      expect([record.name, parameters]).toEqual([record.name, record.parameters]);
      // `--batch` counts the samples of one example: two examples of two each share nothing but their number with four of one.
      if (record.mode !== 'infer' && record.batch > 1) continue;
      const others = record.argument_bytes - record.const_argument_bytes - argumentBytes;
      expect([record.name, others]).toEqual([record.name, record.mode === 'train' ? 12 : 8]);
    }
  });

  it('has the blocks of every record, and the edges but for those that lie on the radius', () => {
    for (const { record, dimensions } of all) {
      // Those of the coarsest mesh were compiled with a block of all nodes, where the code’s own is smaller (blocks.test.ts).
      const reachesAll = record.k_hop >= 2 ** (record.mesh + 1);
      if (record.attention !== 'mha' && record.block != null && !reachesAll)
        expect([record.name, dimensions.attentionBlock]).toEqual([record.name, record.block]);
      if (record.edges_grid2mesh !== undefined)
        expect(Math.abs(dimensions.grid2meshEdges! / record.edges_grid2mesh - 1)).toBeLessThan(2e-5);
    }
  });

  it('predicts forecasts within 0.1 % in the median and 3.5 % at worst', () => {
    expect(forecasts.length).toBe(18);
    expect(quantile(sizes(forecasts), 0.5)).toBeLessThan(0.1);
    expect(worst(forecasts)).toBeLessThan(3.5);
  });

  it('predicts gradients and training steps within 0.2 % in the median and 1 % at worst, at 0.25 degrees too', () => {
    expect(trainings.length).toBe(16);
    expect(quantile(sizes(trainings), 0.5)).toBeLessThan(0.2);
    expect(worst(trainings)).toBeLessThan(1);
  });

  it('predicts the steps that the rules were read off within 1 % in the median and 2 % at worst', () => {
    expect(quantile(sizes(rules), 0.5)).toBeLessThan(1);
    expect(worst(rules)).toBeLessThan(2);
  });

  it('predicts steps drawn at random after the rules stood within 2 % in the median and 6 % at worst', () => {
    expect(drawn.length).toBeGreaterThanOrEqual(7);
    expect(quantile(sizes(drawn), 0.5)).toBeLessThan(2);
    expect(worst(drawn)).toBeLessThan(6);
  });
});

describe('arrays alive at the peak of WeatherNext 2', () => {
  it('are, in a forecast, three logits and three weights of one layer, the masks and the grid’s latents', () => {
    const shapes = aliveAtPeak(named('mini-infer-f32-arg-L16'));
    expect(shapes.get('fp32 [batch, heads, attention.rows, attention.columns]')).toBe(3);
    expect(shapes.get('fp32 [batch, heads, attentionRows, attentionBlock]')).toBe(3);
    expect(shapes.get('int8 [attentionRows, attentionBlock]')).toBe(3);
    expect(shapes.get('fp32 [gridNodes, batch, hiddenDim]')).toBe(1);
  });

  it('are, in a gradient, six logits-sized arrays of every layer and five arrays of the decoder’s messages', () => {
    const { record, ...step } = named('mini-grad-f32-L16');
    const shapes = aliveAtPeak({ record, ...step });
    expect(shapes.get('fp32 [batch, heads, attention.rows, attention.columns]')).toBe(3 * record.layers);
    expect(shapes.get('fp32 [batch, heads, attentionRows, attentionBlock]')).toBe(3 * record.layers);
    // Query, three shifted copies of keys and three of values.
    expect(shapes.get('fp32 [batch, attention.rows, hiddenDim]')).toBe(7 * record.layers);
    expect(shapes.get('fp32 [padded.meshNodes, mlpHiddenDim]')).toBe(2 * record.layers);
    const messages = ['padded.mesh2gridEdges, hiddenDim', 'mesh2gridEdges, batch, hiddenDim'];
    expect(messages.reduce((sum, shape) => sum + (shapes.get(`fp32 [${shape}]`) ?? 0), 0)).toBe(5);
  });

  it('are, where blocks are recomputed, nine logits-sized arrays of one layer, however many there are', () => {
    const { record, ...step } = named('mini-grad-f32-L16-blockremat');
    const shapes = aliveAtPeak({ record, ...step });
    const logits = ['attention.rows, attention.columns', 'attentionRows, attentionBlock'];
    expect(logits.reduce((sum, shape) => sum + (shapes.get(`fp32 [batch, heads, ${shape}]`) ?? 0), 0)).toBe(9);
  });
});

describe('the range of WeatherNext 2', () => {
  it('with cuBLAS products holds every compiled step', () => {
    for (const each of all) expect([each.record.name, isInWeatherNextRange(each)]).toEqual([each.record.name, true]);
  });

  const mini = named('mini-infer-f32-arg-L16').record;
  const large = { ...named('wn2-0p25-infer-f32-L2').record, layers: 24, model: 'cyclones' } as const;
  /** Temporaries of `memory_analysis` on real cards: Faster-WeatherNext, JAX 0.11.2, the official code in float32. */
  const readings: readonly (readonly [string, WeatherNextRecord, number])[] = [
    ['Mini on an RTX 5090, products of the highest precision', mini, 2.65],
    ['Mini on an RTX 5090', mini, 1.54],
    ['Mini on an L4', mini, 1.523],
    ['Mini with a batch of two on an RTX 5090', { ...mini, batch: 2 }, 3.21],
    ['Cyclones at 0.25 degrees on an A100', large, 33.0],
  ];
  it.each(readings)('holds what was read for %s', (_, record, temporaryGiB) => {
    const { process, argumentBytes, live } = priceWeatherNext(record);
    const others = process.deviceBytes - live.peak.liveBytes + argumentBytes;
    expect(others + temporaryGiB * GiB).toBeGreaterThan(process.range.lowBytes);
    expect(others + temporaryGiB * GiB).toBeLessThan(process.range.highBytes);
  });
});
