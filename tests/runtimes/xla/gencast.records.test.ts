import { describe, expect, it } from 'vitest';
import { formatShape } from '../../../src/ir/shape.js';
import { quantile } from '../../statistics.js';
import { gencastGroups, isInGencastRange, type PricedGencast, priceGencast } from './gencast-records.js';

const { samplers, trainings, rules, drawn } = gencastGroups();
const all = [...samplers, ...trainings, ...rules, ...drawn];
const sizes = (group: readonly PricedGencast[]) => group.map(({ errorPercent }) => Math.abs(errorPercent));
const worst = (group: readonly PricedGencast[]) => Math.max(...sizes(group));
const named = (name: string): PricedGencast => all.find(({ record }) => record.name === name)!;

/** Alive at the peak: how many arrays of a shape, in the trace's symbols. */
function aliveAtPeak({ trace, live }: PricedGencast): ReadonlyMap<string, number> {
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

describe('GenCast in JAX against XLA:GPU’s buffer assignment', () => {
  it('has the parameters of every record to the unit, and its arguments to the counters of the optimizer and the key', () => {
    for (const { record, parameters, argumentBytes } of all) {
      expect([record.name, parameters]).toEqual([record.name, record.parameters]);
      const others = record.argument_bytes - record.const_argument_bytes - argumentBytes;
      expect([record.name, others]).toEqual([record.name, record.mode === 'train' ? 12 : 8]);
    }
  });

  it('has the edges and the blocks of every record', () => {
    for (const { record, counts, dimensions } of all.map((each) => ({ ...each, counts: each.dimensions }))) {
      expect(counts.grid2meshEdges).toBe(record.edges_grid2mesh);
      if (record.attention !== 'mha' && record.block != null) expect(dimensions.attentionBlock).toBe(record.block);
    }
  });

  it('predicts samplers within 1 % in the median and 2 % at worst', () => {
    expect(samplers.length).toBe(5);
    expect(quantile(sizes(samplers), 0.5)).toBeLessThan(1);
    expect(worst(samplers)).toBeLessThan(2);
  });

  it('predicts training steps within 1 % in the median and 2 % at worst, at 0.25 degrees too', () => {
    expect(trainings.length).toBe(15);
    expect(quantile(sizes(trainings), 0.5)).toBeLessThan(1);
    expect(worst(trainings)).toBeLessThan(2);
  });

  it('predicts the steps that the rules were read off within 1.5 % in the median and 3 % at worst', () => {
    expect(quantile(sizes(rules), 0.5)).toBeLessThan(1.5);
    expect(worst(rules)).toBeLessThan(3);
  });

  it('predicts steps drawn at random after the rules stood within 2 % in the median and 6 % at worst', () => {
    const forecasts = drawn.filter(({ record }) => record.mode === 'sampler');
    for (const group of [drawn, forecasts]) {
      expect(group.length).toBeGreaterThanOrEqual(6);
      expect(quantile(sizes(group), 0.5)).toBeLessThan(2);
      expect(worst(group)).toBeLessThan(6);
    }
  });
});

describe('arrays alive at the peak of GenCast', () => {
  it('are, in a sampler, the three logits and three weights of one layer and no other layer’s', () => {
    const shapes = aliveAtPeak(named('0p25-sampler-f32-k32-L2'));
    expect(shapes.get('fp32 [batch, heads, attention.rows, attention.columns]')).toBe(3);
    expect(shapes.get('fp32 [batch, heads, attentionRows, attentionBlock]')).toBe(3);
    expect(shapes.get('int8 [attentionRows, attentionBlock]')).toBe(3);
  });

  it('are, in bf16 training at one degree, three logits of every layer', () => {
    const { record, ...step } = named('1p0-train-bf16-L2');
    const shapes = aliveAtPeak({ record, ...step });
    expect(shapes.get('bf16 [batch, heads, attention.rows, attention.columns]')).toBe(3 * record.layers);
    // Query, three shifted copies of keys and three of values.
    expect(shapes.get('bf16 [batch, attention.rows, hiddenDim]')).toBe(7 * record.layers);
    // Before and after the activation of the feed-forward layer; its tanh.
    expect(shapes.get('bf16 [padded.meshNodes, mlpHiddenDim]')).toBe(2 * record.layers);
    expect(shapes.get('bf16 [meshNodes, batch, mlpHiddenDim]')).toBe(record.layers);
  });

  it('are, where blocks are small and one product makes all logits, these and the weights of every layer', () => {
    const { record, ...step } = named('mini-train-bf16-L16');
    const shapes = aliveAtPeak({ record, ...step });
    expect(shapes.get('bf16 [batch, heads, attention.rows, attention.joinedColumns]')).toBe(2 * record.layers);
  });
});

describe('the range of GenCast', () => {
  it('with cuBLAS products holds every compiled step', () => {
    for (const each of all) expect([each.record.name, isInGencastRange(each)]).toEqual([each.record.name, true]);
  });

  it('else goes from three logits-sized arrays per softmax to six', () => {
    const { record } = named('0p25-sampler-f32-k32-L2');
    const { process, live } = priceGencast(record);
    const array = 4 * record.heads * 4 * record.block! ** 2;
    // What real cards were read at: the weights lie where the logits were. Then the decoder's edges are nearly as much.
    const withoutWeights = process.peakAllocatedBytes - 3 * array;
    expect(process.range.lowBytes).toBeLessThan(1.05 * withoutWeights);
    expect(process.range.lowBytes).toBeGreaterThan(0.9 * withoutWeights);
    expect(process.range.highBytes).toBeGreaterThan(live.peak.liveBytes);
  });

  it('of the gradient at 0.25 degrees holds what a public report needs: issue 171 of google-deepmind/graphcast', () => {
    const { record } = named('0p25-grad-f32-k32-L1');
    const { process } = priceGencast({ ...record, layers: 16 });
    const reportedBytes = 765_258_926_192;
    expect(process.range.lowBytes).toBeLessThan(reportedBytes);
    expect(process.range.highBytes).toBeGreaterThan(reportedBytes);
  });
});
