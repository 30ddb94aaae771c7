import { describe, expect, it } from 'vitest';
import { runtimeNames } from '../../src/config/choices.js';
import { loadDevice, profileNames } from '../../src/config/profiles.js';
import { InputError } from '../../src/errors.js';
import { counts } from '../../src/models/counts.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { price } from '../../src/price.js';
import { states } from '../../src/search/candidates.js';
import { runSearch } from '../../src/search/run.js';
import { flagsOfCandidate, numCandidates, spaceOf } from '../../src/search/space.js';
import { UnsizedSteps } from '../../src/search/unsized-step.js';
import { errorBars as errorBarsOf } from '../../src/services/accuracy.js';

describe('every candidate of 5,000', () => {
  const card = loadDevice('h100-80gb');
  const signal = new AbortController().signal;

  it.each(runtimeNames)(
    'has the live bytes and the verdict of its own estimate in %s',
    { timeout: 600_000 },
    async (runtime) => {
      const precisions = runtime === 'tfjs' ? { tape: 'plain,lean' } : { precision: 'fp32,bf16' };
      const { space } = spaceOf(
        await loadModel('tiny'),
        {},
        {
          runtime,
          ...precisions,
          'hidden-dim': '8..200:8',
          layers: '1..5',
          batch: '1..4',
          'mesh-level': '1,2',
          checkpoint: 'none,encoder,model,encoder+decoder+processor:every=1,processor:every=2',
          // JAX's pool is a share of the card beside the context, the others' is what the context leaves.
          vram: runtime === 'jax' ? '800MB' : '600MB',
        },
      );
      expect(numCandidates(space)).toBe(10_000);
      const { device } = resolveWith(space.profile, space.common);
      const errorBars = errorBarsOf('jax', 'train');
      const found = await runSearch(
        { space, device: device!, limits: undefined, errorBars },
        { numThreads: 1, signal, unsizedSteps: new UnsizedSteps() },
      );
      const kinds = new Set<string>();
      for (let index = 0; index < numCandidates(space); index += 2) {
        const state = states[found.state[index]!]!;
        if (state === 'refused') continue;
        const config = resolveWith(space.profile, flagsOfCandidate(space, index));
        const { liveness, verdict, process } = price(config, counts(config.model), card, undefined, errorBars[runtime]);
        expect(found.peakLiveBytes[index]).toBe(liveness.peak.liveBytes);
        expect(state === 'exceedsDeduced' ? 'exceeds' : state).toBe(verdict.kind);
        if (state === 'fits') expect(found.deviceBytes[index]).toBe(process.deviceBytes);
        kinds.add(verdict.kind);
      }
      expect([...kinds].sort()).toEqual(expect.arrayContaining(['exceeds', 'fits']));
    },
  );
});

describe('every candidate of a small space', () => {
  const signal = new AbortController().signal;

  const models = profileNames('models').map((model) => [model, {}] as const);
  const processors = runtimeNames.map((runtime) => ['tiny', { runtime, processor: 'gated,gated-edges' }] as const);
  // Widths around those at which a tensor has 4,096 elements.
  const small = { runtime: 'pytorch', 'hidden-dim': '62..66' };
  const smallTensors = [
    ['tiny', { ...small, optimizer: 'adamw-8bit,adafactor' }] as const,
    ['tiny', { ...small, offload: 'none,optimizer' }] as const,
  ];

  // More maxima than are compared with each other.
  const manyBlocks = ['tiny', { checkpoint: 'edges:blocks=300', 'mesh-level': '2', layers: '2' }] as const;

  it.each([...models, ...processors, ...smallTensors, manyBlocks])(
    'has the live bytes and the verdict of its own estimate: %s %j',
    { timeout: 120_000 },
    async (model, more) => {
      const sizes = {
        // Divisible by every model's heads.
        'hidden-dim': '96,192,288',
        batch: '1,2',
        'mesh-level': '1,2',
        layers: '4',
        resolution: '6',
        checkpoint: 'none',
        ...more,
      };
      const { space } = spaceOf(await loadModel(model), {}, { ...sizes, vram: '1GB' });
      const device = resolveWith(space.profile, space.common).device!;
      const errorBars = errorBarsOf('jax', 'train');
      const search = { space, device, limits: undefined, errorBars };
      const found = await runSearch(search, { numThreads: 1, signal, unsizedSteps: new UnsizedSteps() });
      for (let index = 0; index < numCandidates(space); index++) {
        const state = states[found.state[index]!]!;
        const resolved = () => resolveWith(space.profile, flagsOfCandidate(space, index));
        if (state === 'refused') {
          expect(resolved).toThrow(InputError);
          continue;
        }
        const config = resolved();
        const { liveness, verdict } = price(config, counts(config.model), device, undefined, errorBars[config.runtime]);
        expect(found.peakLiveBytes[index]).toBe(liveness.peak.liveBytes);
        expect(state === 'exceedsDeduced' ? 'exceeds' : state).toBe(verdict.kind);
      }
    },
  );
});
