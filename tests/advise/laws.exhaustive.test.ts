import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedErrorBar } from '../../src/accuracy/figures.js';
import { cheapestRemedy } from '../../src/advise/cheapest.js';
import { offloads } from '../../src/config/choices.js';
import type { RuntimeName } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import { loadModel } from '../../src/options/load-model.js';
import { type ResolveInput, resolveConfig, resolveWith } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { isYes } from '../../src/reports/estimate/verdict.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';
import { advise } from '../../src/services/advise.js';
import { estimateOf } from '../../src/services/priced.js';
import { MiB } from '../../src/units.js';
import { exhaustively } from './exhaustive.js';

/** The same few cases every time; `GC_PLAN_ADVISE_RUNS=200` draws as many others. */
const thoroughRuns = process.env.GC_PLAN_ADVISE_RUNS;
const runs =
  thoroughRuns === undefined ? { numRuns: 2, seed: 20261124 } : { numRuns: Number(thoroughRuns), endOnFailure: true };

const more = { smallestChange: undefined, furtherChanges: undefined };

const timeoutMs = thoroughRuns === undefined ? 240_000 : 3_600_000;

const oneOf = (...values: readonly string[]) => fc.constantFrom(...values);

/** Small depths, so that every combination can be priced one by one. */
const cases = (runtime: RuntimeName) =>
  fc
    .record({
      model: oneOf('graphcast-small', 'physicsnemo-graphcast'),
      share: fc.double({ min: 0.2, max: 0.98, noNaN: true }),
      flags: fc.record({
        'hidden-dim': oneOf('128', '512'),
        layers: oneOf('3', '4', '5'),
        'mesh-level': oneOf('2', '3', '4'),
        grid: oneOf('31x60', '32x64', '61x120'),
        batch: oneOf('1', '2', '4'),
        rollout: oneOf('1', '1', '2'),
        precision: oneOf(...runtimeTraits[runtime].precision),
        checkpoint: oneOf('none', 'encoder', 'processor:every=2', 'model', 'rollout'),
      }),
    })
    .map((drawn) => inRange(runtime, drawn));

/** PhysicsNeMo's own class takes one sample, in its own runtime. */
function inRange<Drawn extends { readonly model: string; readonly flags: Flags }>(
  runtime: RuntimeName,
  drawn: Drawn,
): Drawn {
  const isItsOwn = drawn.model === 'physicsnemo-graphcast' && runtime === 'pytorch';
  return isItsOwn ? { ...drawn, flags: { ...drawn.flags, batch: '1' } } : drawn;
}

/** A card that holds the given share of what the step takes beyond context and libraries. */
async function onTooSmallCard(
  runtime: RuntimeName,
  { model, share, flags }: { model: string; share: number; flags: Flags },
): Promise<ResolveInput> {
  const typed = { ...flags, runtime };
  const { memory } = estimateOf(await resolveConfig({ model, flags: typed }));
  const outside = memory.deviceBytes - memory.peakReservedBytes;
  // JAX gives its pool three quarters of the card.
  const pool = (memory.peakReservedBytes * share) / (runtime === 'jax' ? 0.75 : 1);
  const vram = `${Math.max(257, Math.floor((outside + pool) / MiB))}MB`;
  return { model, flags: { ...typed, vram } };
}

describe.each(['pytorch', 'jax', 'tfjs'] as const)('%s', (runtime) => {
  it(
    'where advise says that a combination or a single change fits, estimate agrees to the byte',
    async () => {
      let numAdvised = 0;
      await fc.assert(
        fc.asyncProperty(cases(runtime), async (drawn) => {
          const input = await onTooSmallCard(runtime, drawn);
          const { cheapest, severalGpus, changes } = await advise(input);
          for (const found of [cheapest ?? [], severalGpus ?? [], changes].flat()) {
            numAdvised += 1;
            // As `estimate` prices it, without the search for what would fit instead.
            const report = estimateOf(
              await resolveConfig({ model: drawn.model, flags: flagsOfCommand(found.command) }),
            );
            expect(report.memory.deviceBytes).toBe(found.deviceBytes);
            // An estimate that does not fit says more: the changes that make it fit.
            const { smallestChange: _, furtherChanges: __, ...verdict } = { ...more, ...report.verdict };
            expect(verdict).toEqual(found.verdict);
          }
          for (const found of [cheapest ?? [], severalGpus ?? []].flat()) expect(isYes(found)).toBe(true);
        }),
        runs,
      );
      expect(numAdvised).toBeGreaterThan(2 * runs.numRuns);
    },
    timeoutMs,
  );

  it(
    'advises what an exhaustive search over the command line finds cheapest, and nothing where that finds nothing',
    async () => {
      const seen = { found: 0, nothing: 0 };
      await fc.assert(
        fc.asyncProperty(cases(runtime), async (drawn) => {
          const input = await onTooSmallCard(runtime, {
            ...drawn,
            flags: {
              ...drawn.flags,
              layers: '3',
              rollout: runtime !== 'tfjs' && drawn.flags.rollout === '2' ? '5' : '1',
            },
          });
          const base = resolveWith(await loadModel(input.model!), input.flags);
          const way = await cheapestRemedy({
            config: base,
            counts: counts(base.model),
            device: base.device!,
            errorBar: shippedErrorBar,
          });
          const others = way === undefined ? 'optimizers' : way.numerics === 'same' ? 'none' : 'precisions';
          const isOnCard = way?.numerics === 'same' && way.config.recipe.offload === 'none';
          const best = await exhaustively(input, others, isOnCard ? ['none'] : offloads);
          seen[best === undefined ? 'nothing' : 'found'] += 1;
          // Another optimizer is the last resort: no precision fits with this one.
          const expected = way?.numerics === 'different' ? undefined : way;
          expect(best?.peakLiveBytes).toBe(expected?.peakLiveBytes);
          expect(best?.recomputedSampleFlops).toBe(expected?.recomputedSampleFlops);
          expect(best?.batchSize).toBe(expected?.config.recipe.batchSize);
        }),
        // A draw of PyTorch's takes seconds: offloading and its own options multiply the command lines.
        thoroughRuns === undefined && runtime !== 'pytorch' ? { ...runs, numRuns: 3 * runs.numRuns } : runs,
      );
      expect(seen.found).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});

/** As a shell would split it: no value of these commands holds a blank. */
function flagsOfCommand(command: string): Flags {
  const words = command.split(' ').slice(2);
  const flags: Record<string, string | boolean> = {};
  for (const [index, word] of words.entries()) {
    if (!word.startsWith('--')) continue;
    const value = words[index + 1];
    const name = word.slice(2);
    if (value === undefined || value.startsWith('--')) flags[name.replace(/^no-/, '')] = !name.startsWith('no-');
    else flags[name] = value;
  }
  return flags;
}
