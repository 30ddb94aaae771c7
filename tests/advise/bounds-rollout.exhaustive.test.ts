/** Bounds of long rollouts, and their FLOPs, from few steps. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costOf } from '../../src/advise/costs.js';
import { Effort } from '../../src/advise/effort.js';
import {
  keptForBackward,
  leastOfAnyOptimizer,
  peakInProcessorBackward,
  residentBytes,
} from '../../src/advise/moments.js';
import { noCheckpoint } from '../../src/config/checkpoint.js';
import type { Config } from '../../src/config/types.js';
import { countFlops } from '../../src/cost/flops.js';
import { counts } from '../../src/models/counts.js';
import { dimensionsFor, programOf } from '../../src/parallel/index.js';
import { configured, inputs } from '../laws/configurations.js';
import { flagsOfAll, holds, maybeOther, numRuns, stepOf } from './drawn-steps.js';

async function trained(input: Parameters<typeof configured>[0]): Promise<Config | undefined> {
  const config = await configured({ ...input, flags: { ...input.flags, rollout: '3' } });
  return config?.recipe.mode === 'train' ? config : undefined;
}

it.each(['pytorch', 'tfjs'] as const)(
  '%s: a rollout of n ≥ 5 steps needs at least what 3 steps need, and what the line through 3 and 4 steps says',
  async (runtime) => {
    await holds(fc.tuple(inputs(runtime), fc.integer({ min: 5, max: 8 })), async ([input, numSteps]) => {
      const config = await trained(input);
      if (config === undefined) return false;
      const at3 = stepOf(config, 3);
      const at4 = stepOf(config, 4);
      const atN = stepOf(config, numSteps);
      const peaks = [({ peakLiveBytes }: typeof at3) => peakLiveBytes, leastOfAnyOptimizer, peakInProcessorBackward];
      for (const of of peaks) {
        expect(of(atN)).toBeGreaterThanOrEqual(of(at3));
        expect(of(atN)).toBeGreaterThanOrEqual(of(at4) + (numSteps - 4) * (of(at4) - of(at3)));
      }
      return true;
    });
  },
);

it('pytorch: three rollout steps tell what the passes of any number need', async () => {
  const drawn = fc.tuple(inputs('pytorch'), maybeOther, fc.integer({ min: 4, max: 12 }));
  await holds(
    drawn,
    async ([input, other, numSteps]) => {
      const config = await trained(other === undefined ? input : { model: other, flags: flagsOfAll(input.flags) });
      if (config === undefined || config.recipe.gpus > 1) return false;
      const passesOf = (rolloutSteps: number) => {
        const sized = { ...config, recipe: { ...config.recipe, rolloutSteps } };
        return Effort.unlimited().passes(sized, counts(config.model));
      };
      const [two, three, all] = [2, 3, numSteps].map(passesOf);
      const dataBytes = residentBytes(three!) - residentBytes(two!);
      for (const of of [leastOfAnyOptimizer, peakInProcessorBackward])
        expect(of(three!, { moreSteps: numSteps - 3, dataBytes })).toBe(of(all!));
      return true;
    },
    2 * numRuns,
  );
});

it.each(['pytorch', 'tfjs'] as const)(
  '%s: a rollout keeps the least for the backward pass where all of the model is recomputed, and each step as much more as any',
  async (runtime) => {
    await holds(fc.tuple(inputs(runtime), fc.integer({ min: 3, max: 8 })), async ([input, numSteps]) => {
      const config = await trained(input);
      if (config === undefined) return false;
      const model = { ...noCheckpoint, model: true };
      const [least2, least3] = [2, 3].map((steps) => keptForBackward(stepOf(config, steps, model)));
      const [kept2, keptN] = [2, numSteps].map((steps) => keptForBackward(stepOf(config, steps)));
      const leastOfSteps = (numSteps - 2) * (least3! - least2!);
      expect(keptN).toBeGreaterThanOrEqual(least2! + leastOfSteps);
      expect(keptN! - kept2!).toBeGreaterThanOrEqual(leastOfSteps);
      return true;
    });
  },
);

it.each(['pytorch', 'jax', 'tfjs'] as const)(
  '%s: a rollout of n ≥ 4 steps has the FLOPs that the line through 2 and 3 steps says',
  async (runtime) => {
    await holds(fc.tuple(inputs(runtime), fc.integer({ min: 4, max: 8 })), async ([input, rolloutSteps]) => {
      const drawn = await trained(input);
      if (drawn === undefined || drawn.recipe.gpus > 1) return false;
      const config = { ...drawn, recipe: { ...drawn.recipe, rolloutSteps, batchSize: 1 } };
      const { sampleFlops, recomputedSampleFlops } = costOf(config, counts(config.model));
      const { trainFlops, recomputeFraction } = countFlops(
        programOf(config),
        dimensionsFor(config, counts(config.model)),
      );
      expect(Effort.unlimited().cost(config, counts(config.model))).toEqual({ sampleFlops, recomputedSampleFlops });
      expect(sampleFlops).toBe(trainFlops);
      expect(recomputedSampleFlops).toBeCloseTo(recomputeFraction * trainFlops, 0);
      return true;
    });
  },
);
