/** A rollout whose middle steps are one that is repeated is the rollout of which every step is traced. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countFlops } from '../../src/cost/flops.js';
import { InputError } from '../../src/errors.js';
import type { Trace } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { forwardProgram } from '../../src/models/index.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { dimensionsFor, runtimes } from '../../src/parallel/index.js';
import { estimate } from '../../src/services/estimate.js';

const oneOf = (...flags: readonly Readonly<Record<string, string>>[]) => fc.constantFrom(...flags);
const shared = [{}, { accumulate: '3' }, { optimizer: 'adam' }, { batch: '2' }, { offload: 'boundary' }];
const plans = [
  'none',
  'rollout',
  'model',
  'encoder',
  'encoder+decoder',
  'processor:every=2',
  'rollout+processor:every=1',
];

const drawnIn = (runtime: string, models: readonly string[], own: readonly Readonly<Record<string, string>>[]) =>
  fc.record({
    model: fc.constantFrom(...models),
    flags: fc
      .tuple(
        oneOf({ mode: 'inference' }, ...plans.map((checkpoint) => ({ checkpoint }))),
        oneOf(...shared, ...own),
        oneOf(...shared, ...own),
        fc.record({
          rollout: fc.integer({ min: 7, max: 10 }).map(String),
          layers: fc.integer({ min: 1, max: 4 }).map(String),
        }),
      )
      .map((each) => Object.assign({ runtime }, ...each)),
  });

const columns = ({ events, layouts, modules, marks, lastStepFirstEvent, ...buffers }: Trace) => ({
  events,
  layouts: Array.from(buffers.bufferLayout, (layout) => layouts[layout]),
  modules: Array.from(buffers.bufferModule, (module) => modules[module]),
  categories: buffers.bufferCategory,
  origins: buffers.bufferOrigin,
  marks,
  lastStepFirstEvent,
});

it.each([
  [
    'pytorch',
    ['tiny', 'physicsnemo-graphcast', 'anemoi-gnn', 'anemoi-graphtransformer', 'neural-lam', 'graph-weather'],
    [
      { precision: 'bf16' },
      { precision: 'fp32' },
      { checkpoint: 'edges:blocks=2' },
      { gpus: '2', parallel: 'data' },
      { gpus: '2', parallel: 'model' },
      { gpus: '4', parallel: 'zero2' },
      { gpus: '2', parallel: 'zero3' },
    ],
  ],
  ['tfjs', ['tiny', 'graphcast-small'], [{ tape: 'lean' }, { tape: 'fused' }, { checkpoint: 'edges:blocks=2' }]],
])('in %s', async (runtime, models, own) => {
  const profiles = Object.fromEntries(await Promise.all(models.map(async (name) => [name, await loadModel(name)])));
  let numCompared = 0;
  fc.assert(
    fc.property(drawnIn(runtime, models, own), ({ model, flags }) => {
      let config: ReturnType<typeof resolveWith>;
      try {
        config = resolveWith(profiles[model], flags);
      } catch (error) {
        if (error instanceof InputError) return;
        throw error;
      }
      const { segment, trace } = runtimes[config.runtime];
      const { longRollout: _, ...everyStep } = segment(config);
      const [few, all] = [segment(config), everyStep].map((segmentation) =>
        forwardProgram(config.model, config.recipe, segmentation),
      );
      const isSame = isDeepStrictEqual(columns(trace(few!, config)), columns(trace(all!, config)));
      expect(isSame, JSON.stringify([model, flags])).toBe(true);
      expect(few!.predictions.length).toBe(6);
      const dimensions = dimensionsFor(config, counts(config.model));
      expect(countFlops(few!, dimensions)).toEqual(countFlops(all!, dimensions));
      numCompared++;
    }),
    { numRuns: 80 },
  );
  expect(numCompared).toBeGreaterThan(20);
});

it.each(['jax', 'pytorch', 'tfjs'])('%s: a forecast of 500 steps has ordered numbers', async (runtime) => {
  const flags = { runtime, 'mesh-level': '2', grid: '19x36', layers: '3', mode: 'inference', rollout: '500' };
  const { memory } = await estimate({ model: 'graphcast-small', flags });
  expect(memory.peakLiveBytes).toBeLessThanOrEqual(memory.peakAllocatedBytes);
  expect(memory.peakAllocatedBytes).toBeLessThanOrEqual(memory.peakReservedBytes);
});
