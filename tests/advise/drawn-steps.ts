/** Laws of training steps that are drawn at random; `GC_PLAN_BOUND_RUNS` says how many. */
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { atDepth } from '../../src/advise/depth.js';
import { sizeStep } from '../../src/advise/sized-step.js';
import type { Config } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import { traceOf } from '../../src/parallel/index.js';

export const numRuns = Number(process.env.GC_PLAN_BOUND_RUNS ?? 25);
vi.setConfig({ testTimeout: 60_000 + 2_000 * numRuns });

/** `law`: whether what was drawn is a case of it; at least one must be. */
export async function holds<T>(
  drawn: fc.Arbitrary<T>,
  law: (drawn: T) => Promise<boolean>,
  runs = numRuns,
): Promise<void> {
  let isTried = false;
  await fc.assert(
    fc.asyncProperty(drawn, async (each) => {
      isTried = (await law(each)) || isTried;
    }),
    { numRuns: runs },
  );
  expect(isTried).toBe(true);
}

export const sized = (config: Config) => sizeStep(config, traceOf(config), counts(config.model));

/** With the processor in segments of so many layers; 0: not cut. */
export function cutInto(config: Config, layers: number): Config | undefined {
  if (config.recipe.checkpoint.model) return undefined;
  return atDepth(config, config.model.layers, layers === 0 ? { kind: 'none' } : { kind: 'every', layers });
}
