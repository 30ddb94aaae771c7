/** Bounds from a step that runs otherwise: another plan, sums in one kernel, one card of several, one micro-step. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isLawful } from '../../src/advise/apply.js';
import { cutKind } from '../../src/advise/combinations.js';
import { costOf } from '../../src/advise/costs.js';
import { atDepth } from '../../src/advise/depth.js';
import { Effort } from '../../src/advise/effort.js';
import {
  keptForBackward,
  leastOfAnyOptimizer,
  peakBeforeProcessorBackward,
  peakInProcessorBackward,
  residentBytes,
} from '../../src/advise/moments.js';
import { sizeStep } from '../../src/advise/sized-step.js';
import { leanestOperations } from '../../src/advise/strategies/operations.js';
import { partsOf } from '../../src/config/checkpoint.js';
import { concatTricks, tapes } from '../../src/config/choices.js';
import type { Config } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import { traceOf } from '../../src/parallel/index.js';
import { aloneAtMost } from '../../src/parallel/ranks.js';
import { configured, inputs } from '../laws/configurations.js';
import { cutInto, deepInputs, holds, numRuns, segmentSizes, sized } from './drawn-steps.js';

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

it.each(['pytorch', 'tfjs'] as const)(
  '%s: what waits on the host takes no more off than what the same step keeps on the device',
  async (runtime) => {
    const offload = { offload: 'boundary', checkpoint: 'encoder+decoder+processor:every=2' };
    const drawn = fc.tuple(deepInputs(runtime), segmentSizes, fc.boolean(), fc.boolean());
    await holds(drawn, async ([{ model, flags }, size, encoder, decoder]) => {
      const config = await configured({ model, flags: { ...flags, ...offload } });
      const cut = config && cutInto(config, size);
      if (cut?.recipe.mode !== 'train' || cut.recipe.gpus > 1) return false;
      const checkpoint = { ...cut.recipe.checkpoint, encoder, decoder };
      const changed = { ...cut, recipe: { ...cut.recipe, checkpoint } };
      const isOffloaded = partsOf(checkpoint).some((part) => part !== 'rollout' || changed.recipe.rolloutSteps > 1);
      if (!isOffloaded || !isLawful(checkpoint, changed)) return false;
      const passesOf = (each: Config) => Effort.unlimited().passes(each, counts(each.model));
      const onDevice = passesOf({ ...changed, recipe: { ...changed.recipe, offload: 'none' } });
      const kept = keptForBackward(onDevice) - residentBytes(onDevice);
      const before = peakBeforeProcessorBackward(passesOf(changed));
      expect(before).toBeGreaterThanOrEqual(peakBeforeProcessorBackward(onDevice) - kept);
      return true;
    });
  },
);

it.each(['pytorch', 'tfjs'] as const)(
  '%s: with whatever operations a plan’s passes are carried out, they need no less than with those that keep least',
  async (runtime) => {
    const operations =
      runtime === 'tfjs'
        ? fc.record({ tape: fc.constantFrom(...tapes) })
        : fc.record({ concatTrick: fc.constantFrom(...concatTricks), recomputeActivation: fc.boolean() });
    const edges = fc.constantFrom(0, 0, 2, 3, 5);
    const offloads = fc.constantFrom('none', 'none', 'boundary');
    const drawn = fc.tuple(inputs(runtime), segmentSizes, operations, edges, offloads);
    await holds(
      drawn,
      async ([{ model, flags }, size, chosen, blocks, offload]) => {
        const typed = await configured({ model, flags: { ...flags, mode: 'train', offload } });
        if (typed === undefined) return false;
        const cut = cutInto(typed, size) ?? typed;
        const blocked = { ...cut.recipe.checkpoint, edges: { kind: 'scan', blocks } as const };
        const checkpoint = blocks > 0 && isLawful(blocked, cut) ? blocked : cut.recipe.checkpoint;
        const config: Config = { ...cut, recipe: { ...cut.recipe, ...chosen, checkpoint } };
        const leanest = leanestOperations(config);
        const of = (each: Config) => leastOfAnyOptimizer(Effort.unlimited().passes(each, counts(each.model)));
        expect(of(config)).toBeGreaterThanOrEqual(of(leanest));
        return leanest !== config;
      },
      4 * numRuns,
    );
  },
);

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
