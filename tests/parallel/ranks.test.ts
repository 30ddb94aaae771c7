import { describe, expect, it } from 'vitest';
import type { Flags } from '../../src/options/typed.js';
import { estimate } from '../../src/services/estimate.js';

const small = { 'hidden-dim': '64', layers: '3', grid: '31x60', 'mesh-level': '3', 'concat-trick': 'off' };
const of = (flags: Flags) => estimate({ model: 'physicsnemo-swe', flags: { ...small, ...flags } });

describe('the table of ranks', () => {
  it.each(['data', 'zero1', 'zero2', 'zero3', 'graph', 'tensor', 'pipeline'])(
    '%s: its worst rank is the one that the report prices, and every row adds up to its peak',
    async (parallel) => {
      const { ranks = [], memory } = await of({ gpus: '4', parallel });
      expect(Math.max(...ranks.map(({ peakLiveBytes }) => peakLiveBytes))).toBe(memory.peakLiveBytes);
      for (const {
        parameterBytes,
        gradientBytes,
        optimizerBytes,
        activationBytes,
        temporaryBytes,
        inputBytes,
        peakLiveBytes,
      } of ranks)
        expect(parameterBytes + gradientBytes + optimizerBytes + activationBytes + temporaryBytes + inputBytes).toBe(
          peakLiveBytes,
        );
    },
  );

  it('names every rank of a cut graph, and one GPU has no table', async () => {
    const { ranks = [] } = await of({ gpus: '5', parallel: 'graph' });
    expect(ranks.map(({ firstRank }) => firstRank)).toEqual([0, 1, 2, 3, 4]);
    expect(await of({})).not.toHaveProperty('ranks');
  });

  it('receives what the ZeRO paper says: 2Ψ for data parallel and stage 2, 3Ψ for stage 3, times (W − 1)/W', async () => {
    const alone = await of({});
    const received = async (parallel: string) => (await of({ gpus: '4', parallel })).ranks![0]!.receivedBytes;
    const volume = (3 / 4) * alone.parameters.bytes;
    expect(await received('data')).toBe(Math.ceil(2 * volume));
    expect(await received('zero2')).toBe(Math.ceil(2 * volume));
    expect(await received('zero3')).toBe(Math.ceil(3 * volume));
  });
});

it('a combination of several GPUs that nothing prices is refused, never ignored', async () => {
  await expect(of({ gpus: '6', parallel: 'pipeline' })).rejects.toThrow(/3 layers are too few/);
  await expect(of({ gpus: '4', parallel: 'zero2', mode: 'inference' })).rejects.toThrow(
    /neither gradients nor optimizer/,
  );
  await expect(estimate({ model: 'graphcast-small', flags: { gpus: '2', parallel: 'graph' } })).rejects.toThrow();
});

describe('one anemoi model over several cards', () => {
  const anemoi = (flags: Flags) =>
    estimate({
      model: 'anemoi-transformer',
      flags: { grid: '31x60', 'mesh-level': '3', 'hidden-dim': '64', layers: '4', batch: '1', ...flags },
    });

  it('has every node on one card, every parameter on all, and the worst of them is reported', async () => {
    const { ranks = [], memory, parameters } = await anemoi({ gpus: '4', parallel: 'model' });
    expect(ranks.length).toBe(4);
    expect(ranks.reduce((sum, { gridNodes }) => sum + gridNodes, 0)).toBe(31 * 60);
    expect(ranks.reduce((sum, { meshNodes }) => sum + meshNodes, 0)).toBe(642);
    for (const { parameterBytes } of ranks) expect(parameterBytes).toBe(parameters.bytes);
    expect(Math.max(...ranks.map(({ peakLiveBytes }) => peakLiveBytes))).toBe(memory.peakLiveBytes);
  });

  it('holds one more copy of the parameters where DistributedDataParallel wraps it, alone too', async () => {
    for (const several of [{}, { gpus: '4', parallel: 'model' }]) {
      const wrapped = await anemoi(several);
      const { memory, parameters } = await anemoi({ ...several, strategy: 'single' });
      expect(wrapped.memory.peakLiveBytes - memory.peakLiveBytes).toBe(parameters.bytes);
    }
  });

  it('receives more than data parallel alone: gradients, and rows and heads of the others', async () => {
    const alone = await anemoi({});
    const { ranks = [] } = await anemoi({ gpus: '4', parallel: 'model' });
    expect(ranks[0]!.receivedBytes).toBeGreaterThan(2 * (3 / 4) * alone.parameters.bytes);
  });

  it.each([
    [{ batch: '2' }, /one sample per card/],
    [{ heads: '2' }, /2 heads are too few for 4 cards/],
    [{ ensemble: '2' }, /more than one member per card/],
  ])('refuses %o, as anemoi does', async (flags, reason) => {
    await expect(anemoi({ gpus: '4', parallel: 'model', ...flags })).rejects.toThrow(reason);
  });
});
