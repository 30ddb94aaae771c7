/** Laws of training steps that are drawn at random; `GC_PLAN_BOUND_RUNS` says how many. */
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { isLawful } from '../../src/advise/apply.js';
import { atDepth } from '../../src/advise/depth.js';
import { Effort } from '../../src/advise/effort.js';
import { Floors } from '../../src/advise/floors.js';
import { sizeStep } from '../../src/advise/sized-step.js';
import type { Config, RuntimeName } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import type { ResolveInput } from '../../src/options/resolve.js';
import { traceOf } from '../../src/parallel/index.js';
import { inputs } from '../laws/configurations.js';

export const numRuns = Number(process.env.GC_PLAN_BOUND_RUNS ?? 25);
vi.setConfig({ testTimeout: 60_000 + 2_000 * numRuns });

/** `law`: whether what was drawn is a case of it; at least one must be. `first`: cases that are tried before any is drawn. */
export async function holds<T>(
  drawn: fc.Arbitrary<T>,
  law: (drawn: T) => Promise<boolean>,
  runs = numRuns,
  first: readonly T[] = [],
): Promise<void> {
  let isTried = false;
  await fc.assert(
    fc.asyncProperty(drawn, async (each) => {
      isTried = (await law(each)) || isTried;
    }),
    { numRuns: runs + first.length, examples: first.map((each): [T] => [each]) },
  );
  expect(isTried).toBe(true);
}

export const sized = (config: Config) => sizeStep(config, traceOf(config), counts(config.model));

/** Layers per segment; 0: not cut; below 0: as `segments`, which count what lies between the first layer and the last. */
export const segmentSizes = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, -0.5, -1, -1.5, -2, -2.5, -3.5);

export function cutInto(config: Config, size: number): Config | undefined {
  const { model, recipe } = config;
  if (recipe.checkpoint.model) return undefined;
  if (size === 0) return atDepth(config, model.layers, { kind: 'none' });
  if (size > 0) return atDepth(config, model.layers, { kind: 'every', layers: size });
  const processor = { kind: 'segments', segments: (model.layers - 2) / -size } as const;
  const isWhole = Number.isInteger(processor.segments);
  return isWhole && isLawful({ ...recipe.checkpoint, processor }, config)
    ? atDepth(config, model.layers, processor)
    : undefined;
}

/** With so many rollout steps. */
export const stepOf = (config: Config, rolloutSteps: number, checkpoint = config.recipe.checkpoint) => {
  const changed = { ...config, recipe: { ...config.recipe, rolloutSteps, checkpoint } };
  return sizeStep(changed, traceOf(changed), counts(config.model));
};

const otherCodeBases = ['anemoi-gnn', 'anemoi-graphtransformer', 'graph-weather', 'neural-lam'];
export const maybeOther = fc.option(fc.constantFrom(...otherCodeBases), { nil: undefined });
/** What every code base in PyTorch has. */
export const flagsOfAll = ({ checkpoint, precision, batch, rollout, offload }: ResolveInput['flags']) => ({
  runtime: 'pytorch',
  checkpoint,
  precision,
  batch,
  rollout,
  offload,
  'hidden-dim': '64',
});

/** A deep training step on one card, of any code base. */
export const deepInputs = (runtime: RuntimeName) =>
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

export const unlimited = (config: Config) =>
  new Floors(Effort.unlimited(), counts(config.model), Number.POSITIVE_INFINITY);
