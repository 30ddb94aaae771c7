import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/types.js';
import type { Trace } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { dimensionsOf } from '../../src/models/dimensions.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { runtimes, traceOf } from '../../src/parallel/index.js';
import { traceKey } from '../../src/search/unsized-step.js';

const arraysOf = ({ events, layouts, bufferLayout, bufferOperation, operations }: Trace) => ({
  events,
  layouts: Array.from(bufferLayout, (layout) => layouts[layout]),
  madeBy: Array.from(bufferOperation, (operation) => operations[operation]),
});

const config = (flags: Readonly<Record<string, string>>) =>
  resolveConfig({ model: 'graphcast-small', flags: { parallel: 'data', ...flags } });

async function keysAndTraces(flags: readonly Readonly<Record<string, string>>[]) {
  const configs: Config[] = await Promise.all(flags.map(config));
  return configs.map((each) => ({ key: traceKey(each), arrays: arraysOf(traceOf(each)) }));
}

describe('which configurations of several cards share a trace', () => {
  it('where a collective is hidden, those that XLA times alike', async () => {
    const onHopper = (gpus: string) => ({ runtime: 'jax', gpu: 'h100-80gb', gpus });
    const [two, eight, sixteen] = await keysAndTraces([onHopper('2'), onHopper('8'), onHopper('16')]);
    expect(two!.key).not.toBe(eight!.key);
    expect(two!.arrays.events).not.toEqual(eight!.arrays.events);
    expect(sixteen).toEqual(eight);
  });

  it('those that differ in what the process around the step does', async () => {
    const jax = { runtime: 'jax', gpu: 'h100-80gb', gpus: '8' };
    const [as, with95] = await keysAndTraces([jax, { ...jax, 'mem-fraction': '0.95' }]);
    expect(with95).toEqual(as);
    const pytorch = { runtime: 'pytorch', gpu: 'h100-80gb', gpus: '8', parallel: 'zero2' };
    const [native, expandable] = await keysAndTraces([pytorch, { ...pytorch, allocator: 'expandable' }]);
    expect(expandable).toEqual(native);
  });

  it('all ranks, where nothing is divided', async () => {
    const shared = await config({ runtime: 'pytorch', gpus: '8' });
    const base = dimensionsOf(shared, counts(shared.model));
    const [first, last] = [0, 7].map((rank) => arraysOf(runtimes.pytorch.stepOfRank(shared, base, rank).trace));
    expect(last).toEqual(first);
  });
});
