import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runtimeNames } from '../../src/config/choices.js';
import { loadDevice } from '../../src/config/profiles.js';
import { counts } from '../../src/models/counts.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { price } from '../../src/price.js';
import { SizedCandidate, verdictOfCandidate } from '../../src/search/candidate-verdict.js';
import { UnsizedSteps } from '../../src/search/unsized-step.js';

const card = loadDevice('h100-80gb');
const profile = await loadModel('graphcast-small');
/** What a trace's events may depend on. */
const shape = fc.record({
  layers: fc.integer({ min: 1, max: 9 }),
  accumulate: fc.integer({ min: 1, max: 4 }),
  'mlp-hidden-layers': fc.integer({ min: 1, max: 2 }),
  rollout: fc.integer({ min: 1, max: 2 }),
  checkpoint: fc.constantFrom('none', 'encoder', 'encoder+decoder+processor:every=1', 'model', 'rollout'),
  optimizer: fc.constantFrom('adamw', 'sgd', 'momentum'),
  processor: fc.constantFrom('interaction', 'interaction', 'gated', 'gated-edges'),
});

const size = fc.record({
  'hidden-dim': fc.integer({ min: 1, max: 1100 }),
  batch: fc.integer({ min: 1, max: 9 }),
  'mesh-level': fc.integer({ min: 0, max: 5 }),
  resolution: fc.constantFrom('6', '2', '1'),
  levels: fc.constantFrom('13', '37'),
  vram: fc.constantFrom('4GB', '12GB', '24GB', '80GB'),
});

const own = {
  jax: fc.record({ precision: fc.constantFrom('fp32', 'bf16') }),
  pytorch: fc.record({
    optimizer: fc.constantFrom('adamw', 'sgd', 'momentum', 'adamw-8bit', 'adafactor'),
    offload: fc.constantFrom('none', 'optimizer'),
    precision: fc.constantFrom('fp32', 'bf16', 'bf16-full'),
    allocator: fc.constantFrom('native', 'expandable'),
    'concat-trick': fc.constantFrom('off', 'eager', 'fused'),
  }),
  tfjs: fc.record({ tape: fc.constantFrom('plain', 'fused', 'lean') }),
};

const resolve = (flags: Readonly<Record<string, string | number>>) =>
  resolveWith(profile, Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, String(value)])));

describe('a candidate priced through a structure that was made at another size equals its own estimate', () => {
  it.each(runtimeNames)('%s: live bytes, verdict, parameters and FLOPs', { timeout: 180_000 }, (runtime) => {
    fc.assert(
      fc.property(shape, own[runtime], size, size, (shape, own, first, second) => {
        const unsizedSteps = new UnsizedSteps();
        unsizedSteps.of(resolve({ ...shape, ...own, ...first, runtime }));
        const config = resolve({ ...shape, ...own, ...second, runtime });
        const estimate = price(config, counts(config.model), card);
        const candidate = new SizedCandidate(config, unsizedSteps.of(config));
        const judged = verdictOfCandidate(candidate, config.device!);
        expect(candidate.peakLiveBytes).toBe(estimate.liveness.peak.liveBytes);
        expect(candidate.parameters).toBe(estimate.parameters.count);
        expect(candidate.sampleFlops * config.recipe.batchSize).toBeCloseTo(estimate.flops.trainFlops, -8);
        expect(judged.kind).toBe(estimate.verdict.kind);
        if (judged.deviceBytes !== undefined) expect(judged.deviceBytes).toBe(estimate.process.deviceBytes);
      }),
      { numRuns: 120 },
    );
  });
});
