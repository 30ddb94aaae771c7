import { beforeAll, describe, expect, it } from 'vitest';
import { loadJs } from '../../src/verify/backends/js.js';
import type { Library } from '../../src/verify/library.js';
import { runSteps } from './steps.js';

let tf: Library;
beforeAll(async () => {
  tf = await loadJs();
});

const steadyStep = 2;

/** The channels that a rollout rebuilds from forcings are there too. */
const rollout = { rollout: '3', 'input-channels': '6', checkpoint: 'rollout+processor:every=1' };

const offloads = [
  { checkpoint: 'processor:every=1', offload: 'boundary' },
  { checkpoint: 'encoder+decoder', offload: 'boundary', batch: '2' },
  { checkpoint: 'encoder+decoder+edges:blocks=4', offload: 'boundary' },
  { ...rollout, offload: 'boundary' },
  { checkpoint: 'model', offload: 'boundary' },
  { optimizer: 'adam', offload: 'optimizer' },
  { optimizer: 'adamw', offload: 'optimizer' },
  { optimizer: 'momentum', offload: 'optimizer' },
  { optimizer: 'sgd', offload: 'optimizer' },
  { optimizer: 'none', offload: 'optimizer' },
  { checkpoint: 'processor:every=1', offload: 'optimizer+boundary', accumulate: '2' },
  { checkpoint: 'encoder+edges:blocks=3', offload: 'optimizer+boundary', optimizer: 'momentum', rollout: '2' },
] as const;

const cases = offloads.flatMap((flags) =>
  (['jax', 'physicsnemo'] as const).flatMap((layout) =>
    (['plain', 'lean'] as const).map((tape) => ({ layout, flags: { ...flags, tape } })),
  ),
);

describe('with --offload, the estimate equals what real steps hold, array by array', () => {
  it.each(cases)('$layout $flags', async ({ layout, flags }) => {
    const model = layout === 'physicsnemo' ? 'physicsnemo-graphcast' : 'tiny';
    const layers = layout === 'physicsnemo' ? '3' : '2';
    const { predicted, measured, divergence } = await runSteps(tf, { layers, ...flags }, steadyStep, model);
    expect(divergence).toBeUndefined();
    expect(predicted).toEqual(measured);
  });
});
