/** `estimate`'s suggestion and `advise`'s first line are one plan. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { advise } from '../../src/services/advise.js';
import { estimate } from '../../src/services/estimate.js';

it.each([
  ['graphcast-small', { gpu: 'rtx-3060' }],
  ['graphcast-small', { gpu: 'rtx-4090', batch: '2' }],
  ['graphcast-small', { gpu: 't4', runtime: 'pytorch' }],
  ['neural-lam', { gpu: 'rtx-3060', batch: '16' }],
  // Found after three million events of traces.
  ['anemoi-gnn', { gpu: 't4' }],
] as const)(
  'estimate of %s with %j suggests what advise puts first',
  async (model, flags) => {
    const [{ verdict }, { cheapest }] = [await estimate({ model, flags }), await advise({ model, flags })];
    expect(cheapest).toBeDefined();
    expect('smallestChange' in verdict && verdict.smallestChange?.change).toBe(cheapest!.change);
    expect(cheapest!.verdict.kind).toBe('fits');
  },
  300_000,
);

const numRuns = Number(process.env.GC_PLAN_SAME_PLAN_RUNS ?? 40);
const oneOf = (...values: readonly string[]) => fc.constantFrom(...values);

it(
  'suggests what advise puts first, or that nothing does, for whatever configuration on whatever card',
  async () => {
    const seen = { plan: 0, nothing: 0 };
    await fc.assert(
      fc.asyncProperty(
        oneOf('graphcast-small', 'physicsnemo-graphcast', 'neural-lam', 'graph-weather'),
        fc.record({
          runtime: oneOf('pytorch', 'pytorch', 'jax', 'tfjs'),
          layers: oneOf('3', '4', '6'),
          'hidden-dim': oneOf('256', '1024'),
          gpu: oneOf('t4', 'rtx-3060', 'rtx-4090', 'l40s'),
          rollout: oneOf('1', '2', '3'),
          batch: oneOf('1', '2', '4'),
        }),
        async (model, flags) => {
          const { verdict } = await estimate({ model, flags }).catch(unlessRefused);
          if (verdict?.kind !== 'exceeds') return;
          const { cheapest } = await advise({ model, flags });
          const suggested = 'smallestChange' in verdict ? verdict.smallestChange : undefined;
          expect(suggested?.change).toBe(cheapest?.change);
          expect(suggested?.deviceBytes).toBe(cheapest?.deviceBytes);
          seen[cheapest ? 'plan' : 'nothing'] += 1;
        },
      ),
      { numRuns },
    );
    expect(seen.plan).toBeGreaterThan(0);
  },
  30_000 * numRuns,
);

function unlessRefused(error: unknown): { readonly verdict?: undefined } {
  if (error instanceof InputError) return {};
  throw error;
}
