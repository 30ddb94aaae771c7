import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standInDevice } from '../../src/config/device.js';
import type { Config } from '../../src/config/types.js';
import { aliveAfter } from '../../src/memory/liveness.js';
import { categories } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { type Priced, price } from '../../src/price.js';
import { toReport } from '../../src/services/priced.js';
import { configured, inputs } from './configurations.js';

const standIn = standInDevice();
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

async function holds(
  runtime: 'pytorch' | 'jax' | 'tfjs',
  law: (priced: Priced, config: Config) => void,
): Promise<void> {
  let numPriced = 0;
  await fc.assert(
    fc.asyncProperty(inputs(runtime), async (input) => {
      const config = await configured(input);
      if (config === undefined) return;
      numPriced += 1;
      law(price(config, counts(config.model), standIn), config);
    }),
    { numRuns: 60 },
  );
  expect(numPriced).toBeGreaterThan(20);
}

describe.each(['pytorch', 'jax', 'tfjs'] as const)('%s', (runtime) => {
  it('partitions the peak exactly into categories and into modules, and the parameters into networks', () =>
    holds(runtime, (priced, config) => {
      const { memory, parameters } = toReport(config, priced);
      const { parameterBytes, gradientBytes, optimizerBytes, activationBytes, temporaryBytes, inputBytes } = memory;
      expect(parameterBytes + gradientBytes + optimizerBytes + activationBytes + temporaryBytes + inputBytes).toBe(
        memory.peakLiveBytes,
      );
      expect(sum(memory.byModule.map(({ bytes }) => bytes))).toBe(memory.peakLiveBytes);
      expect(sum(parameters.byModule.map(({ count }) => count))).toBe(parameters.count);
      expect(Math.max(...memory.phases.map(({ peakLiveBytes }) => peakLiveBytes))).toBe(memory.peakLiveBytes);
    }));

  it('orders its numbers: live ≤ allocated ≤ reserved ≤ device, and the range holds the device bytes', () =>
    holds(runtime, ({ liveness, process }) => {
      expect(liveness.peak.liveBytes).toBeLessThanOrEqual(process.peakAllocatedBytes);
      expect(process.peakAllocatedBytes).toBeLessThanOrEqual(process.peakReservedBytes);
      expect(process.peakReservedBytes).toBeLessThanOrEqual(process.deviceBytes);
      expect(process.range.lowBytes).toBeLessThanOrEqual(process.range.highBytes);
      expect(process.deviceBytes).toBeLessThanOrEqual(process.range.highBytes);
    }));

  it('allocates and frees every array once, and keeps nothing beyond the step but its result', () =>
    holds(runtime, ({ trace }) => {
      const timesSeen = new Uint8Array(trace.bufferLayout.length);
      const outOfOrder = trace.events.findIndex((event) => timesSeen[Math.abs(event) - 1]!++ !== (event > 0 ? 0 : 1));
      expect(outOfOrder).toBe(-1);
      const kept = aliveAfter(trace, trace.events.length - 1).map(
        (buffer) => categories[trace.bufferCategory[buffer]!],
      );
      const made = kept.filter((category) => category === 'activation' || category === 'temporary');
      expect(made.length).toBeLessThanOrEqual(1);
    }));
});
