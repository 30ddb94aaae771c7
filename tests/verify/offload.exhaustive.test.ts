import { beforeAll, describe, expect, it } from 'vitest';
import { counts } from '../../src/models/counts.js';
import type { Flags } from '../../src/options/typed.js';
import { priceProgram } from '../../src/price.js';
import { jsFolder, loadJs } from '../../src/verify/backends/js.js';
import { trainer } from '../../src/verify/interpreter.js';
import type { Library } from '../../src/verify/library.js';
import { startMeter } from '../../src/verify/meter.js';
import { configOf, runSteps } from './steps.js';

let tf: Library;
beforeAll(async () => {
  tf = await loadJs(jsFolder()!);
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

async function trained(flags: Flags) {
  const config = await configOf({ layers: '3', ...flags });
  const meter = startMeter(tf);
  const training = trainer(tf, config, priceProgram(config, counts(config.model)).program);
  const { loss, gradients } = training.gradients();
  const gradientValues = [...gradients].toSorted(([a], [b]) => a - b).map(([, gradient]) => [...gradient.dataSync()]);
  tf.dispose([loss, ...gradients.values()]);
  const steps = [1, 2, 3].map(() => ({ loss: training.step(), bytesAfter: meter.liveBytes() }));
  const parameters = [...training.parameters.values()].map((parameter) => [...parameter.dataSync()]);
  training.dispose();
  meter.stop();
  return { gradientValues, losses: steps.map(({ loss }) => loss), parameters, steps };
}

describe('what waits on the host comes back as it was', () => {
  it.each([
    { checkpoint: 'processor:every=1', rollout: '2' },
    { checkpoint: 'encoder+decoder+edges:blocks=4', tape: 'lean' },
    { optimizer: 'adam', checkpoint: 'encoder+processor:segments=2' },
    { optimizer: 'momentum', checkpoint: 'model', accumulate: '2' },
  ])(
    'gradients, losses and parameters of three steps with %j are those of a run without, bit for bit',
    async (flags) => {
      const { steps: _, ...expected } = await trained(flags);
      expect(new Set(expected.losses).size).toBe(3);
      for (const offload of ['boundary', 'optimizer', 'optimizer+boundary']) {
        const { steps, ...got } = await trained({ ...flags, offload });
        expect(got, offload).toEqual(expected);
        expect(steps[2]!.bytesAfter, offload).toBe(steps[1]!.bytesAfter);
      }
    },
  );
});
