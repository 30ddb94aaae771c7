/** What a search replays once for many plans is the same for all of them. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shippedErrorBar } from '../../src/accuracy/figures.js';
import { isLawful } from '../../src/advise/apply.js';
import { Effort } from '../../src/advise/effort.js';
import { fits, type SizedStep, sizeStep } from '../../src/advise/sized-step.js';
import { formatCheckpoint } from '../../src/config/checkpoint.js';
import type { CheckpointPlan, Config } from '../../src/config/types.js';
import { bufferBytes } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { passesOf, programOf, runtimes, traceOf } from '../../src/parallel/index.js';
import { stepCutsOf, traceKey } from '../../src/search/unsized-step.js';
import { configured, inputs } from '../laws/configurations.js';

import { cutInto, flagsOfAll, holds, maybeOther, numRuns, sized } from './drawn-steps.js';

it.each(['pytorch', 'jax', 'tfjs'] as const)('%s: plans of equal cuts have equal traces', async (runtime) => {
  const drawn = fc.tuple(inputs(runtime), fc.integer({ min: 0, max: 9 }), fc.boolean());
  await holds(drawn, async ([input, size, inBlocks]) => {
    const typed = await configured(input);
    if (typed?.recipe.mode !== 'train') return false;
    const cut = cutInto(typed, Math.min(size, typed.model.layers));
    if (cut === undefined) return false;
    const edges = { kind: 'scan', blocks: 2 } as const;
    const blocked = { ...cut.recipe.checkpoint, edges };
    const config =
      inBlocks && isLawful(blocked, cut) ? { ...cut, recipe: { ...cut.recipe, checkpoint: blocked } } : cut;
    const key = traceKey(config);
    const same = otherPlans(config).filter((other) => traceKey(other) === key);
    const eventsOf = (each: Config) => ({ ...traceOf(each), holdsFor: undefined });
    for (const other of same) expect(isDeepStrictEqual(eventsOf(other), eventsOf(config))).toBe(true);
    return same.length > 0;
  });
});

it('jax: in how many blocks the edges run is a size, which changes neither program nor trace', async () => {
  const drawn = fc.tuple(
    inputs('jax'),
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom('scan', 'loop'),
    fc.integer({ min: 3, max: 40 }),
  );
  await holds(drawn, async ([{ model, flags }, size, kind, blocks]) => {
    const typed = await configured({ model, flags: { ...flags, checkpoint: 'encoder+decoder', mode: 'train' } });
    const cut = typed && cutInto(typed, Math.min(size, typed.model.layers));
    if (cut === undefined) return false;
    const [two, many] = [2, blocks].map((blocks): Config => {
      const checkpoint = { ...cut.recipe.checkpoint, edges: { kind, blocks } as const };
      return { ...cut, recipe: { ...cut.recipe, checkpoint } };
    });
    if (!isLawful(two!.recipe.checkpoint, two!) || traceKey(two!) !== traceKey(many!)) return false;
    const made = (each: Config) => ({ program: programOf(each), trace: { ...traceOf(each), holdsFor: undefined } });
    expect(isDeepStrictEqual(made(many!), made(two!))).toBe(true);
    expect(stepCutsOf(many!)).not.toEqual(stepCutsOf(two!));
    return true;
  });
});

/** With each part the other way, and with other cuts of the processor. */
function otherPlans(config: Config): readonly Config[] {
  const { model, recipe } = config;
  const { checkpoint } = recipe;
  const { encoder, decoder, rollout } = checkpoint;
  const parts = [{}, { encoder: !encoder }, { decoder: !decoder }, { rollout: !rollout }];
  const processors: readonly CheckpointPlan['processor'][] = [
    checkpoint.processor,
    ...[model.layers - 1, model.layers].map((layers) => ({ kind: 'every', layers }) as const),
    ...[1, 2, model.layers - 2].map((segments) => ({ kind: 'segments', segments }) as const),
  ];
  return processors
    .flatMap((processor) => parts.map((part): CheckpointPlan => ({ ...checkpoint, ...part, processor })))
    .filter((plan) => formatCheckpoint(plan) !== formatCheckpoint(checkpoint) && isLawful(plan, config))
    .map((plan) => ({ ...config, recipe: { ...recipe, checkpoint: plan } }));
}

it('pytorch: a step begins with the passes that are replayed for it, whatever its optimizer and however many its micro-steps', async () => {
  await holds(fc.tuple(inputs('pytorch'), fc.integer({ min: 1, max: 3 })), async ([input, accumulate]) => {
    const config = await configured({ ...input, flags: { ...input.flags, accumulate: String(accumulate) } });
    if (config === undefined) return false;
    const passes = Effort.unlimited().passes(config, counts(config.model));
    const step = sized(config);
    expect(step.trace.events.subarray(0, passes.trace.events.length)).toEqual(passes.trace.events);
    const bytesOf = ({ trace, dimensions }: SizedStep) => bufferBytes(trace, dimensions);
    const numBuffers = passes.trace.bufferLayout.length;
    expect(bytesOf(step).subarray(0, numBuffers)).toEqual(bytesOf(passes));
    return step.trace.events.length > passes.trace.events.length;
  });
});

it('pytorch: float16 and bfloat16 have the same program and passes', async () => {
  const eventsAndBytes = (config: Config) => {
    const { trace, dimensions } = sizeStep(config, passesOf(config), counts(config.model));
    return { events: trace.events, bytes: bufferBytes(trace, dimensions) };
  };
  const drawn = fc.tuple(inputs('pytorch'), maybeOther);
  await holds(drawn, async ([{ model, flags }, other]) => {
    const input = other ? { model: other, flags: flagsOfAll(flags) } : { model, flags };
    const config = await configured({ ...input, flags: { ...input.flags, precision: 'fp16' } });
    if (config === undefined || config.recipe.gpus > 1) return false;
    const { samePasses } = runtimes.pytorch.search;
    const other16 = { ...config, recipe: samePasses!(config.recipe) };
    expect(other16.recipe.precision).toBe('bf16');
    expect(isDeepStrictEqual(programOf(other16), programOf(config))).toBe(true);
    expect(eventsAndBytes(other16)).toEqual(eventsAndBytes(config));
    return true;
  });
});

it('pytorch: passes that are traced no further than they fit are said to fit where the whole of them does', async () => {
  const seen = new Set<boolean>();
  const drawn = fc.tuple(inputs('pytorch'), fc.constantFrom(0.3, 0.6, 0.9, 1.02, 1.1, 1.2, 1.4, 2));
  await holds(
    drawn,
    async ([input, share]) => {
      const config = await configured({ ...input, flags: { ...input.flags, gpu: 'a100-40gb' } });
      if (!config?.device || config.recipe.gpus > 1) return false;
      const passes = Effort.unlimited().passes(config, counts(config.model));
      const { cublasWorkspaceBytes, contextBytes } = config.device;
      const reportedBytes = contextBytes.pytorch + cublasWorkspaceBytes + Math.ceil(share * passes.peakLiveBytes);
      const on = { device: { ...config.device, reportedBytes }, errorBar: shippedErrorBar };
      const whole = fits({ ...passes, config }, on);
      expect(Effort.unlimited().passesMayFit(config, counts(config.model), on)).toBe(whole);
      seen.add(whole);
      return true;
    },
    4 * numRuns,
  );
  expect(seen.size).toBe(2);
});
