import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedErrorBar } from '../../src/accuracy/figures.js';
import { runtimeNames } from '../../src/config/choices.js';
import { loadDevice } from '../../src/config/profiles.js';
import type { Config } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { price } from '../../src/price.js';
import { SizedCandidate } from '../../src/search/candidate-verdict.js';
import { lastTrue, solve } from '../../src/search/solve.js';
import { periodOf } from '../../src/search/solve-values.js';
import { UnsizedSteps } from '../../src/search/unsized-step.js';
import { MiB } from '../../src/units.js';

const tiny = await loadModel('tiny');
const { description, ...h100 } = loadDevice('h100-80gb');
const outsideBytes = h100.contextBytes.pytorch + h100.cublasWorkspaceBytes;
const cardOf = (bytes: number) => ({ ...h100, nominalBytes: bytes, reportedBytes: bytes });
const plans = ['none', 'encoder', 'processor:every=2', 'encoder+decoder+processor:every=3', 'processor:every=5'];

function configsOf(flags: Readonly<Record<string, string>>, key: string, last: number): readonly Config[] {
  const values = Array.from({ length: last }, (_, index) => String(index + 1));
  return values.flatMap((value) => {
    try {
      return [resolveWith(tiny, { ...flags, [key]: value })];
    } catch {
      return [];
    }
  });
}

describe('solve', () => {
  const problem = fc.record({
    key: fc.constantFrom('hidden-dim', 'layers', 'batch', 'rollout'),
    runtime: fc.constantFrom('pytorch', 'pytorch', 'jax', 'tfjs'),
    checkpoint: fc.constantFrom(...plans),
    hiddenDim: fc.integer({ min: 8, max: 96 }),
    layers: fc.integer({ min: 5, max: 7 }),
    spareMiB: fc.integer({ min: 4, max: 400 }),
  });

  it('finds what pricing every value finds, on 500 problems', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(problem, async ({ key, runtime, checkpoint, hiddenDim, layers, spareMiB }) => {
        const flags = { runtime, checkpoint, 'hidden-dim': String(hiddenDim), layers: String(layers) };
        const configs = configsOf(flags, key, key === 'layers' || key === 'rollout' ? 9 : 24);
        const device = cardOf(outsideBytes + spareMiB * MiB);
        const bruteForce = configs.findLastIndex(
          (config) => price({ ...config, device }, counts(config.model), h100).verdict.kind === 'fits',
        );
        const answer = await solve({
          numValues: configs.length,
          configAt: (index) => ({ ...configs[index]!, device }),
          device,
          errorBar: shippedErrorBar,
          period: periodOf(key as 'layers', configs[0]!),
          allowTight: false,
        });
        expect(answer.largest).toBe(bruteForce);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the last index of a property that only rebounds within the period', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }),
        async (period, ends) => {
          // One end per residue class: monotone within each.
          const holds = (index: number) => index < (ends[index % period] ?? 0);
          const bruteForce = Array.from({ length: 80 }, (_, index) => index).findLastIndex(holds);
          expect(await lastTrue(80, async (index) => holds(index), period)).toBe(bruteForce);
        },
      ),
    );
  });
});

describe('live bytes', () => {
  it.each(runtimeNames.flatMap((runtime) => plans.map((checkpoint) => ({ runtime, checkpoint }))))(
    'never fall from a depth to the one a period deeper: $runtime, $checkpoint',
    ({ runtime, checkpoint }) => {
      const unsizedSteps = new UnsizedSteps(100);
      for (const size of ['8', '300']) {
        const configs = configsOf({ runtime, checkpoint, 'hidden-dim': size }, 'layers', 20);
        const live = configs.map((config) => new SizedCandidate(config, unsizedSteps.of(config)).peakLiveBytes);
        const period = periodOf('layers', configs[0]!);
        for (let index = period; index < live.length; index++) {
          expect(live[index], `${configs[index]!.model.layers} layers`).toBeGreaterThanOrEqual(live[index - period]!);
        }
      }
    },
  );

  it.each([{ optimizer: 'adamw-8bit' }, { offload: 'optimizer' }, { offload: 'optimizer', optimizer: 'adafactor' }])(
    'never fall from a width to the one a period wider, though state leaves tensors of 4,096 elements: %o',
    (flags) => {
      const unsizedSteps = new UnsizedSteps(1);
      const configs = configsOf({ ...flags, runtime: 'pytorch', 'mesh-level': '0', layers: '3' }, 'hidden-dim', 160);
      const live = configs.map((config) => new SizedCandidate(config, unsizedSteps.of(config)).peakLiveBytes);
      const period = periodOf('hidden-dim', configs[0]!);
      for (let index = period; index < live.length; index++)
        expect(live[index], `width ${index + 1}`).toBeGreaterThanOrEqual(live[index - period]!);
    },
  );
});
