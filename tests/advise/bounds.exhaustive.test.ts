/** Bounds because of which the search leaves configurations out. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutKind } from '../../src/advise/combinations.js';
import { costOf } from '../../src/advise/costs.js';
import { atDepth, inOneSegment, shallowPair, withSmallerSegments } from '../../src/advise/depth.js';
import { Effort } from '../../src/advise/effort.js';
import {
  leastOfAnyOptimizer,
  peakAfterProcessorBackward,
  peakBeforeProcessorBackward,
  stateBytes,
} from '../../src/advise/moments.js';
import type { Config } from '../../src/config/types.js';
import { countFlops } from '../../src/cost/flops.js';
import { counts } from '../../src/models/counts.js';
import type { ResolveInput } from '../../src/options/resolve.js';
import { dimensionsFor, programOf, runtimes } from '../../src/parallel/index.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';
import { configured, inputs } from '../laws/configurations.js';
import { cutInto, deepInputs, holds, numRuns, segmentSizes, sized, stepOf, unlimited } from './drawn-steps.js';

const cuts = fc.record({ layers: fc.integer({ min: 1, max: 8 }), blocks: fc.integer({ min: 1, max: 3 }) });

/** In JAX without an optimizer results hold other arrays, more of them where each layer is a segment (seeds 11 and 72). */
const returningGradients = [
  {
    model: 'graphcast-small',
    flags: { runtime: 'jax', 'hidden-dim': '128', layers: '3', 'mesh-level': '1', grid: '31x60', optimizer: 'none' },
  },
  { layers: 1, blocks: 1 },
] satisfies [ResolveInput, unknown];

it.each(['pytorch', 'jax', 'tfjs'] as const)(
  '%s: a processor cut into segments needs at least what comes before its backward pass where it is one segment',
  async (runtime) => {
    await holds(
      fc.tuple(inputs(runtime), cuts),
      async ([input, { layers, blocks }]) => {
        const config = await configured(input);
        if (config?.recipe.mode !== 'train' || config.recipe.checkpoint.model || layers > config.model.layers)
          return false;
        const { rolloutSteps, checkpoint } = config.recipe;
        const inBlocks = { encoder: true, decoder: true, edges: { kind: 'scan', blocks } } as const;
        const plan = { ...checkpoint, ...(blocks > 1 && runtime !== 'pytorch' && inBlocks) };
        const step = { ...config, recipe: { ...config.recipe, checkpoint: plan } };
        // A loop's body writes what a segment's layers add where the segment ends: a deeper one holds more there, and is not asked.
        const depth = runtime === 'jax' && rolloutSteps > 1 ? 3 : config.model.layers;
        const oneSegment = atDepth(step, depth, { kind: 'every', layers: depth })!;
        const whole = Effort.unlimited().passes(oneSegment, counts(config.model));
        const least = leastOfAnyOptimizer(
          stepOf(config, rolloutSteps, { ...plan, processor: { kind: 'every', layers } }),
        );
        expect(least).toBeGreaterThanOrEqual(peakBeforeProcessorBackward(whole));
        const { segmentsChangeForward } = runtimes[config.runtime].search;
        if (!segmentsChangeForward) expect(least).toBeGreaterThanOrEqual(peakAfterProcessorBackward(whole));
        return true;
      },
      4 * numRuns,
      runtime === 'jax' ? [returningGradients] : [],
    );
  },
);

const line = (few: number, oneMore: number, more: number): number => oneMore + more * (oneMore - few);

/** With the edges of encoder and decoder in so many blocks, where the model takes them. */
const inBlocks = ({ model, flags }: Parameters<typeof configured>[0], blocks: number, parts: string) => {
  const own = [parts, flags.checkpoint, `edges:blocks=${blocks}`].filter((part) => part && part !== 'none').join('+');
  return configured({ model, flags: { ...flags, checkpoint: [...new Set(own.split('+'))].join('+') } });
};

it.each(['pytorch', 'jax', 'tfjs'] as const)(
  '%s: a step with its edges in blocks needs at least what lies in the processor’s backward pass without them, what its layers keep, and costs the same in any number of recomputed ones',
  async (runtime) => {
    const parts = runtime === 'jax' ? 'encoder+decoder' : '';
    const sizes = fc.record({ size: segmentSizes, blocks: fc.constantFrom(2, 4, 8, 16) });
    await holds(fc.tuple(deepInputs(runtime), sizes), async ([input, { size, blocks }]) => {
      const drawn = await inBlocks(input, blocks, parts);
      if (drawn?.recipe.mode !== 'train') return false;
      const config = cutInto(drawn, size) ?? drawn;
      const exact = leastOfAnyOptimizer(sized(config));
      const processor = unlimited(config).inProcessorBackward(config);
      expect(processor).toBeLessThanOrEqual(exact);
      expect(unlimited(config).inSmallerSegments(config)).toBeLessThanOrEqual(exact);
      expect(unlimited(config).ofLayers(config, 0)).toBeLessThanOrEqual(exact);
      const ofBlocks = unlimited(config).ofBlocks(config);
      if (runtime !== 'jax') expect(ofBlocks.of(config).anyOptimizerBytes).toBeLessThanOrEqual(exact);
      if (runtime !== 'jax') expect(ofBlocks.beforeProcessorBackward(config, 0)).toBeLessThanOrEqual(exact);
      expect(ofBlocks.afterProcessorBackward(config)).toBeLessThanOrEqual(exact);
      const { recipe } = config;
      const edges = { kind: 'scan', blocks: (runtime === 'pytorch' ? 1 : 2) * blocks } as const;
      const checkpoint = { ...recipe.checkpoint, edges };
      const other = {
        ...config,
        recipe: { ...recipe, checkpoint, recomputeActivation: !recipe.recomputeActivation },
      };
      expect(costOf(other, counts(config.model))).toEqual(costOf(config, counts(config.model)));
      expect(Effort.unlimited().cost(config, counts(config.model))).toEqual(costOf(config, counts(config.model)));
      return runtime === 'jax' || processor > 0;
    });
  },
);

it.each(['pytorch', 'jax', 'tfjs'] as const)(
  '%s: a deep step needs at least what the line through two shallow ones says, or one of smaller segments, and costs what the line says',
  async (runtime) => {
    await holds(fc.tuple(deepInputs(runtime), segmentSizes), async ([input, size]) => {
      const config = await configured(input);
      if (config?.recipe.mode !== 'train') return false;
      const deep = cutInto(config, size) ?? config;
      const least = (each: Config) => leastOfAnyOptimizer(Effort.unlimited().passes(each, counts(config.model)));
      const exact = leastOfAnyOptimizer(sized(deep));
      expect(least(deep)).toBeLessThanOrEqual(exact);
      const pair = shallowPair(deep);
      if (pair) expect(line(least(pair.steps[0]), least(pair.steps[1]), pair.more)).toBeLessThanOrEqual(exact);
      const smaller = withSmallerSegments(deep);
      if (smaller) expect(least(smaller)).toBeLessThanOrEqual(exact);
      expect(unlimited(deep).inSmallerSegments(deep)).toBeLessThanOrEqual(exact);
      const { checkpoint } = deep.recipe;
      const [three, four] = [3, 4].map((depth) => atDepth(deep, depth, inOneSegment(checkpoint.processor, depth)));
      if (!three || !four || cutKind(checkpoint.processor, deep) === 'further') return pair !== undefined;
      expect(unlimited(deep).beforeProcessorBackward(three, 0)).toBeLessThanOrEqual(exact);
      expect(unlimited(deep).ofLayers(deep, 0)).toBeLessThanOrEqual(exact);
      if (!runtimes[deep.runtime].search.segmentsChangeForward)
        expect(peakAfterProcessorBackward(sized(three))).toBeLessThanOrEqual(exact);
      const more = deep.model.layers - 4;
      const { sampleFlops, recomputedSampleFlops } = costOf(deep, counts(deep.model));
      const effort = Effort.unlimited();
      for (const precision of [...runtimeTraits[runtime].precision, deep.recipe.precision]) {
        const rounded = { ...deep, recipe: { ...deep.recipe, precision } };
        expect(effort.cost(rounded, counts(deep.model))).toEqual({ sampleFlops, recomputedSampleFlops });
      }
      const [few, oneMore] = [three, four].map((each) => costOf(each, counts(deep.model)));
      expect(sampleFlops).toBe(line(few!.sampleFlops, oneMore!.sampleFlops, more));
      expect(recomputedSampleFlops).toBe(line(few!.recomputedSampleFlops, oneMore!.recomputedSampleFlops, more));
      expect(exactFlops(deep)).toBeCloseTo(sampleFlops, 0);
      const [state3, state4] = [three, four].map((each) => stateBytes(sized(each)));
      const state = stateBytes(sized(deep));
      expect(state).toBe(line(state3!, state4!, more));
      expect(unlimited(deep).withState(deep, 0)).toBeLessThanOrEqual(state);
      expect(stateBytes(Effort.unlimited().state(deep, counts(deep.model)))).toBe(state);
      expect(sized(deep).peakLiveBytes).toBeGreaterThanOrEqual(least(deep) + state);
      return true;
    });
  },
);

/** Of the whole program, layer by layer. */
function exactFlops({ device: _, ...config }: Config): number {
  const { rolloutSteps } = config.recipe;
  const alone = { ...config, device: null, recipe: { ...config.recipe, batchSize: 1, rolloutSteps } };
  return countFlops(programOf(alone), dimensionsFor(alone, counts(config.model))).trainFlops;
}

it.each(
  [9, 10].flatMap((layers) => {
    const numBlocks = 2 * (layers - 2);
    const divisors = Array.from({ length: numBlocks }, (_, i) => i + 1).filter((each) => numBlocks % each === 0);
    return divisors.map((segments) => [layers, segments] as const);
  }),
)('tfjs: %i layers in segments=%i need at least what is said before they are traced', async (layers, segments) => {
  const flags = { runtime: 'tfjs', layers: String(layers), checkpoint: `processor:segments=${segments}` };
  const config = await configured({ model: 'graphcast-small', flags });
  if (config === undefined) throw new Error('that is a lawful step');
  const exact = leastOfAnyOptimizer(sized(config));
  expect(unlimited(config).of(config).anyOptimizerBytes).toBeLessThanOrEqual(exact);
  expect(unlimited(config).ofLayers(config, 0)).toBeLessThanOrEqual(exact);
});
