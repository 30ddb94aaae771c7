import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  costOf,
  keptForBackward,
  leastOfAnyOptimizer,
  peakBeforeProcessorBackward,
  sizeStep,
} from '../../src/advise/sized-step.js';
import { noCheckpoint } from '../../src/config/checkpoint.js';
import type { Config } from '../../src/config/types.js';
import { countFlops } from '../../src/cost/flops.js';
import { counts } from '../../src/models/counts.js';
import { dimensionsFor, programOf, traceOf } from '../../src/parallel/index.js';
import { configured, inputs } from '../laws/configurations.js';

const stepOf = (config: Config, rolloutSteps: number, checkpoint = config.recipe.checkpoint) => {
  const changed = { ...config, recipe: { ...config.recipe, rolloutSteps, checkpoint } };
  return sizeStep(changed, traceOf(changed), counts(config.model));
};

async function trained(input: Parameters<typeof configured>[0]): Promise<Config | undefined> {
  const config = await configured({ ...input, flags: { ...input.flags, rollout: '3' } });
  return config?.recipe.mode === 'train' ? config : undefined;
}

const numRuns = Number(process.env.GC_PLAN_BOUND_RUNS ?? 25);
const timeoutMs = 60_000 + 2_000 * numRuns;

/** `law`: whether what was drawn is a case of it; at least one must be. */
async function holds<T>(drawn: fc.Arbitrary<T>, law: (drawn: T) => Promise<boolean>, runs = numRuns): Promise<void> {
  let isTried = false;
  await fc.assert(
    fc.asyncProperty(drawn, async (each) => {
      isTried = (await law(each)) || isTried;
    }),
    { numRuns: runs },
  );
  expect(isTried).toBe(true);
}

/** The search leaves configurations out because of these. */
describe.each(['pytorch', 'jax', 'tfjs'] as const)('%s: a rollout', (runtime) => {
  it(
    'of n ≥ 5 steps needs at least what the line through 3 and 4 steps says',
    async () => {
      await holds(fc.tuple(inputs(runtime), fc.integer({ min: 5, max: 8 })), async ([input, numSteps]) => {
        const config = await trained(input);
        if (config === undefined) return false;
        const at3 = stepOf(config, 3);
        const at4 = stepOf(config, 4);
        const atN = stepOf(config, numSteps);
        for (const of of [({ peakLiveBytes }: typeof at3) => peakLiveBytes, leastOfAnyOptimizer] as const)
          expect(of(atN)).toBeGreaterThanOrEqual(of(at4) + (numSteps - 4) * (of(at4) - of(at3)));
        return true;
      });
    },
    timeoutMs,
  );
});

describe.each(['pytorch', 'tfjs'] as const)('%s: a rollout', (runtime) => {
  it(
    'keeps the least for the backward pass where all of the model is recomputed, and each step as much more as any',
    async () => {
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
    timeoutMs,
  );
});

describe.each(['pytorch', 'jax', 'tfjs'] as const)('%s: a rollout', (runtime) => {
  it(
    'of n ≥ 4 steps has the FLOPs that the line through 2 and 3 steps says',
    async () => {
      await holds(fc.tuple(inputs(runtime), fc.integer({ min: 4, max: 8 })), async ([input, rolloutSteps]) => {
        const drawn = await trained(input);
        if (drawn === undefined || drawn.recipe.gpus > 1) return false;
        const config = { ...drawn, recipe: { ...drawn.recipe, rolloutSteps, batchSize: 1 } };
        const { sampleFlops, recomputedSampleFlops } = costOf(config, counts(config.model));
        const { trainFlops, recomputeFraction } = countFlops(
          programOf(config),
          dimensionsFor(config, counts(config.model)),
        );
        expect(sampleFlops).toBe(trainFlops);
        expect(recomputedSampleFlops).toBeCloseTo(recomputeFraction * trainFlops, 0);
        return true;
      });
    },
    timeoutMs,
  );
});

const cuts = fc.record({ layers: fc.integer({ min: 1, max: 8 }), blocks: fc.integer({ min: 1, max: 3 }) });

describe.each(['pytorch', 'jax', 'tfjs'] as const)('%s: a processor', (runtime) => {
  it(
    'cut into segments needs at least what comes before its backward pass where it is one segment',
    async () => {
      await holds(
        fc.tuple(inputs(runtime), cuts),
        async ([input, { layers, blocks }]) => {
          const config = await configured(input);
          if (config?.recipe.mode !== 'train' || config.recipe.checkpoint.model || layers > config.model.layers)
            return false;
          const { rolloutSteps, checkpoint } = config.recipe;
          const inBlocks = { encoder: true, decoder: true, edges: { kind: 'scan', blocks } } as const;
          const plan = { ...checkpoint, ...(blocks > 1 && runtime !== 'pytorch' && inBlocks) };
          const cut = (each: number) =>
            stepOf(config, rolloutSteps, { ...plan, processor: { kind: 'every', layers: each } });
          const before = peakBeforeProcessorBackward(cut(config.model.layers));
          expect(leastOfAnyOptimizer(cut(layers))).toBeGreaterThanOrEqual(before);
          return true;
        },
        4 * numRuns,
      );
    },
    timeoutMs,
  );
});
