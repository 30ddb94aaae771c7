import { describe, expect, it } from 'vitest';
import { liveness } from '../../src/memory/liveness.js';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { dimensionsFor, programOf } from '../../src/parallel/index.js';
import { traceTfjs } from '../../src/runtimes/tfjs/index.js';
import { estimate } from '../../src/services/estimate.js';

const plans: readonly Readonly<Record<string, string>>[] = [
  {},
  { tape: 'lean', optimizer: 'momentum' },
  { checkpoint: 'encoder+processor:every=1' },
  { checkpoint: 'model', optimizer: 'sgd', rollout: '2' },
  { checkpoint: 'encoder+decoder+edges:blocks=2', batch: '2' },
  { checkpoint: 'processor:every=1', offload: 'optimizer+boundary' },
];

describe('TensorFlow.js', () => {
  it.each(plans)('micro-steps after the second leave the peak and its parts as they are: %o', async (plan) => {
    const config = await resolveConfig({ model: 'tiny', flags: { runtime: 'tfjs', accumulate: '5', ...plan } });
    const program = programOf(config);
    const dimensions = dimensionsFor(config, counts(config.model));
    const at = (numMicroSteps: number) => {
      const { peak, ...rest } = liveness(traceTfjs(program, config, numMicroSteps), dimensions);
      return { ...rest, peakLiveBytes: peak.liveBytes };
    };
    expect(at(2)).toEqual(at(5));
    expect(at(2).peakLiveBytes).toBeGreaterThan(at(1).peakLiveBytes);
  });
});

it.each(['jax', 'pytorch', 'tfjs'])(
  '%s answers for 65,536 micro-steps as for 8, moving less per micro-step',
  async (runtime) => {
    const of = (accumulate: string) => estimate({ model: 'tiny', flags: { runtime, accumulate } });
    const [many, few] = [await of('65536'), await of('8')];
    expect(many.memory).toEqual(few.memory);
    expect(many.cost.bytesMoved!).toBeLessThanOrEqual(few.cost.bytesMoved!);
  },
);
