/** Runs steps in the test's own process and hands out what was predicted and what was measured. */

import { bufferBytes } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { priceProgram } from '../../src/price.js';
import { predictedBytes } from '../../src/services/verify.js';
import { firstDivergence } from '../../src/verify/compare.js';
import { trainer } from '../../src/verify/interpreter.js';
import type { Library } from '../../src/verify/library.js';
import { type StepMeasurement, startMeter } from '../../src/verify/meter.js';

/** 40 grid nodes, 42 mesh nodes: a step takes a fraction of a second in pure JavaScript. */
export const small = {
  grid: '5x8',
  'mesh-level': '1',
  'hidden-dim': '16',
  layers: '2',
  'input-channels': '6',
  'output-channels': '4',
} as const satisfies Flags;

export const configOf = (flags: Flags, model = 'tiny') =>
  resolveConfig({ model, flags: { runtime: 'tfjs', ...small, ...flags } });

export async function runSteps(tf: Library, flags: Flags, numSteps: number, model?: string) {
  const config = await configOf(flags, model);
  const priced = priceProgram(config, counts(config.model));
  const meter = startMeter(tf);
  const training = trainer(tf, config, priced.program);
  const losses: number[] = [];
  let step: StepMeasurement | undefined;
  for (let i = 0; i < numSteps; i++) {
    meter.beginStep();
    losses.push(
      training.step({
        optimizerBegins: meter.beginOptimizer,
        stepEnds: () => {
          step = meter.endStep();
        },
      }),
    );
  }
  const parameterBytes = [...training.parameters.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  training.dispose();
  const leftBytes = meter.liveBytes();
  meter.stop();
  const bytesOfBuffer = bufferBytes(priced.trace, priced.dimensions);
  const measured = step!;
  const { forwardEndBytes, peakLiveBytes, optimizerBytes } = measured;
  return {
    predicted: predictedBytes(priced),
    measured: { parameterBytes, forwardEndBytes, peakLiveBytes, optimizerBytes },
    divergence: firstDivergence(priced.trace, bytesOfBuffer, measured),
    losses,
    leftBytes,
  };
}
