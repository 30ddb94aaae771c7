/** Bounds of long rollouts, and their FLOPs, from few steps. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costOf } from '../../src/advise/costs.js';
import { shallowPair } from '../../src/advise/depth.js';
import { Effort } from '../../src/advise/effort.js';
import { Floors } from '../../src/advise/floors.js';
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
import { dimensionsFor, programOf, runtimes } from '../../src/parallel/index.js';
import { configured, inputs } from '../laws/configurations.js';
import { deepInputs, flagsOfAll, holds, maybeOther, numRuns, stepOf, unlimited } from './drawn-steps.js';

const ofThreeSteps = (input: Parameters<typeof configured>[0]): Promise<Config | undefined> =>
  configured({ ...input, flags: { ...input.flags, rollout: '3' } });

async function trained(input: Parameters<typeof configured>[0]): Promise<Config | undefined> {
  const config = await ofThreeSteps(input);
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

it.each(['pytorch', 'tfjs'] as const)(
  '%s: few rollout steps tell what the passes of any number need',
  async (runtime) => {
    const drawn = fc.tuple(inputs(runtime), maybeOther, fc.integer({ min: 5, max: 14 }));
    await holds(
      drawn,
      async ([input, other, numSteps]) => {
        const isOther = runtime === 'pytorch' && other !== undefined;
        const config = await ofThreeSteps(isOther ? { model: other, flags: flagsOfAll(input.flags) } : input);
        if (config === undefined || config.recipe.gpus > 1) return false;
        const passesOf = (rolloutSteps: number) => {
          const sized = { ...config, recipe: { ...config.recipe, rolloutSteps } };
          return Effort.unlimited().passes(sized, counts(config.model));
        };
        const { number, keptUntil } = runtimes[runtime].search.stepsThatTell!(config.recipe);
        const [two, three, few, all] = [2, 3, number, numSteps].map(passesOf);
        const dataBytes = residentBytes(three!) - residentBytes(two!);
        for (const of of [leastOfAnyOptimizer, peakInProcessorBackward])
          expect(of(few!, { moreSteps: numSteps - number, dataBytes, keptUntil })).toBe(of(all!));
        return true;
      },
      2 * numRuns,
    );
  },
);

it.each(['pytorch', 'tfjs'] as const)(
  '%s: a long rollout needs at least what the line through three and four segments says',
  async (runtime) => {
    const drawn = fc.tuple(deepInputs(runtime), fc.integer({ min: 5, max: 9 }));
    await holds(drawn, async ([input, numSteps]) => {
      const config = await trained(input);
      if (config === undefined || config.recipe.gpus > 1) return false;
      const long = { ...config, recipe: { ...config.recipe, rolloutSteps: numSteps } };
      const effort = Effort.unlimited();
      // Where whatever is found is too much, no dearer bound is asked for.
      const floors = new Floors(effort, counts(config.model), 0);
      const passes = effort.passes(long, counts(config.model));
      const least = leastOfAnyOptimizer(passes);
      expect(floors.of(long).anyOptimizerBytes).toBeLessThanOrEqual(least);
      expect(floors.inSmallerSegments(long)).toBeLessThanOrEqual(least);
      expect(floors.inProcessorBackward(long)).toBeLessThanOrEqual(least);
      expect(unlimited(config).inFewRolloutSteps(long)).toBe(least);
      return shallowPair(long) !== undefined;
    });
  },
);

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
