/** Bounds because of which the search leaves configurations out. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isLawful } from '../../src/advise/apply.js';
import { cutKind } from '../../src/advise/combinations.js';
import { costOf } from '../../src/advise/costs.js';
import { atDepth, inOneSegment, shallowPair, withSmallerSegments } from '../../src/advise/depth.js';
import { Effort } from '../../src/advise/effort.js';
import { Floors } from '../../src/advise/floors.js';
import {
  keptForBackward,
  leastOfAnyOptimizer,
  peakAfterProcessorBackward,
  peakBeforeProcessorBackward,
  peakInProcessorBackward,
  residentBytes,
  sizeStep,
  stateBytes,
} from '../../src/advise/sized-step.js';
import { noCheckpoint } from '../../src/config/checkpoint.js';
import type { Config, RuntimeName } from '../../src/config/types.js';
import { countFlops } from '../../src/cost/flops.js';
import { counts } from '../../src/models/counts.js';
import type { ResolveInput } from '../../src/options/resolve.js';
import { dimensionsFor, programOf, runtimes, traceOf } from '../../src/parallel/index.js';
import { aloneAtMost } from '../../src/parallel/ranks.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';
import { configured, inputs } from '../laws/configurations.js';
import { cutInto, holds, numRuns, segmentSizes, sized } from './drawn-steps.js';

const stepOf = (config: Config, rolloutSteps: number, checkpoint = config.recipe.checkpoint) => {
  const changed = { ...config, recipe: { ...config.recipe, rolloutSteps, checkpoint } };
  return sizeStep(changed, traceOf(changed), counts(config.model));
};

async function trained(input: Parameters<typeof configured>[0]): Promise<Config | undefined> {
  const config = await configured({ ...input, flags: { ...input.flags, rollout: '3' } });
  return config?.recipe.mode === 'train' ? config : undefined;
}

const otherCodeBases = ['anemoi-gnn', 'anemoi-graphtransformer', 'graph-weather', 'neural-lam'];
const maybeOther = fc.option(fc.constantFrom(...otherCodeBases), { nil: undefined });
/** What every code base in PyTorch has. */
const flagsOfAll = ({ checkpoint, precision, batch, rollout, offload }: ResolveInput['flags']) => ({
  runtime: 'pytorch',
  checkpoint,
  precision,
  batch,
  rollout,
  offload,
  'hidden-dim': '64',
});

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

/** A deep training step on one card, of any code base. */
const deepInputs = (runtime: RuntimeName) =>
  fc
    .record({
      input: inputs(runtime),
      other: maybeOther,
      layers: fc.integer({ min: 5, max: 18 }).map(String),
      longer: fc.option(fc.integer({ min: 5, max: 40 }).map(String), { nil: undefined }),
    })
    .map(({ input: { model, flags: drawn }, other, layers, longer }) => {
      // A loop is as quick to trace at any length.
      const flags = runtime === 'jax' && longer !== undefined ? { ...drawn, rollout: longer } : drawn;
      return runtime === 'pytorch' && other !== undefined
        ? { model: other, flags: { ...flagsOfAll(flags), layers } }
        : { model, flags: { ...flags, mode: 'train', layers } };
    });

const line = (few: number, oneMore: number, more: number): number => oneMore + more * (oneMore - few);

const unlimited = (config: Config) => new Floors(Effort.unlimited(), counts(config.model), Number.POSITIVE_INFINITY);

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

it.each(['pytorch', 'tfjs'] as const)(
  '%s: whatever a plan recomputes it needs what comes before the processor’s backward pass where encoder and processor are recomputed, and the decoder or not',
  async (runtime) => {
    await holds(fc.tuple(deepInputs(runtime), segmentSizes), async ([input, size]) => {
      const config = await configured(input);
      if (config?.recipe.mode !== 'train') return false;
      const plan = cutInto(config, size);
      if (plan === undefined || cutKind(plan.recipe.checkpoint.processor, plan) === 'further') return false;
      const { recipe } = plan;
      const bounds = [true, false].flatMap((decoder) => {
        const checkpoint = { ...recipe.checkpoint, encoder: true, decoder };
        const least = atDepth({ ...plan, recipe: { ...recipe, checkpoint } }, 3, { kind: 'every', layers: 3 });
        return least && isLawful(least.recipe.checkpoint, least) ? [peakBeforeProcessorBackward(sized(least))] : [];
      });
      if (bounds.length < 2) return false;
      expect(leastOfAnyOptimizer(sized(plan))).toBeGreaterThanOrEqual(Math.min(...bounds));
      return true;
    });
  },
);

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

it('pytorch: the sum of gathered parts needs no more in one kernel than in several, and costs the same', async () => {
  await holds(
    fc.tuple(inputs('pytorch'), segmentSizes, fc.boolean()),
    async ([input, size, again]) => {
      const drawn = await configured(input);
      if (drawn?.recipe.mode !== 'train') return false;
      const config = cutInto(drawn, size) ?? drawn;
      const { recipe } = config;
      const [fused, eager] = (['fused', 'eager'] as const).map((concatTrick) => {
        const changed = { ...config, recipe: { ...recipe, concatTrick, recomputeActivation: again } };
        return Effort.unlimited().passes(changed, counts(config.model));
      });
      expect(costOf(fused!.config, counts(config.model))).toEqual(costOf(eager!.config, counts(config.model)));
      for (const of of [
        leastOfAnyOptimizer,
        keptForBackward,
        residentBytes,
        peakBeforeProcessorBackward,
        peakInProcessorBackward,
      ])
        expect(of(fused!)).toBeLessThanOrEqual(of(eager!));
      return true;
    },
    4 * numRuns,
  );
});

const sharings = ['data', 'zero1', 'zero2', 'zero3', 'graph'] as const;

it('pytorch: a rank of several cards holds no less of what the cards do not share than one card with its samples and the mean number of rows', async () => {
  const drawn = fc.tuple(inputs('pytorch'), fc.constantFrom(...sharings), fc.constantFrom(2, 3, 4));
  await holds(drawn, async ([input, parallel, gpus]) => {
    const config = await configured({
      ...input,
      flags: { ...input.flags, parallel, gpus: String(gpus), mode: 'train' },
    });
    if (config === undefined) return false;
    const alone = aloneAtMost(config, counts(config.model))!;
    const oneCard = sizeStep(alone.config, traceOf(alone.config), alone.counts);
    const bound = peakBeforeProcessorBackward(oneCard, alone.shared);
    expect(leastOfAnyOptimizer(sized(config))).toBeGreaterThanOrEqual(bound);
    return true;
  });
});

it.each(['pytorch', 'tfjs'] as const)(
  '%s: a step of several micro-steps needs at least what the passes of one need beside all gradients',
  async (runtime) => {
    await holds(inputs(runtime), async (input) => {
      const config = await configured({ ...input, flags: { ...input.flags, accumulate: '3' } });
      if (config?.recipe.mode !== 'train') return false;
      const passes = Effort.unlimited().passes(config, counts(config.model));
      const exact = leastOfAnyOptimizer(sized(config));
      for (const of of [leastOfAnyOptimizer, peakBeforeProcessorBackward, peakInProcessorBackward])
        expect(of(passes)).toBeLessThanOrEqual(exact);
      return true;
    });
  },
);
