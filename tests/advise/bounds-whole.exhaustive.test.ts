/** Bounds that come to the step itself: of forecasts, and of what the optimizer holds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Effort } from '../../src/advise/effort.js';
import { Floors } from '../../src/advise/floors.js';
import { stateBytes } from '../../src/advise/moments.js';
import { counts } from '../../src/models/counts.js';
import { configured, inputs } from '../laws/configurations.js';
import { holds, numRuns, sized } from './drawn-steps.js';

const runtimes = ['pytorch', 'jax', 'tfjs'] as const;

const ofTrainingAlone = ['checkpoint', 'accumulate', 'optimizer', 'offload', 'recompute-activation'];

it.each(runtimes)('%s: a forecast of any depth needs what is said before it is traced', async (runtime) => {
  const drawn = fc.tuple(inputs(runtime), fc.integer({ min: 3, max: 18 }).map(String));
  await holds(
    drawn,
    async ([{ model, flags }, layers]) => {
      const shared = Object.entries(flags).filter(([flag]) => !ofTrainingAlone.includes(flag));
      const config = await configured({ model, flags: { ...Object.fromEntries(shared), mode: 'inference', layers } });
      if (config === undefined) return false;
      const floors = new Floors(Effort.unlimited(), counts(config.model), Number.POSITIVE_INFINITY);
      const { peakBytes } = floors.of(config);
      const { peakLiveBytes } = sized(config);
      // Eager sums of gathered parts are bounded by fused ones (`SearchAssumptions.boundedBy`).
      if (config.recipe.concatTrick === 'eager') expect(peakBytes).toBeLessThanOrEqual(peakLiveBytes);
      else expect(peakBytes).toBe(peakLiveBytes);
      return true;
    },
    2 * numRuns,
  );
});

it.each(runtimes)(
  '%s: what the optimizer holds is no more than it is, whatever number of micro-steps was asked for before',
  async (runtime) => {
    await holds(inputs(runtime), async ({ model, flags }) => {
      const config = await configured({ model, flags: { ...flags, mode: 'train', accumulate: '2' } });
      if (config === undefined) return false;
      const floors = new Floors(Effort.unlimited(), counts(config.model), Number.POSITIVE_INFINITY);
      for (const accumulate of [2, 1, 2]) {
        const asked = { ...config, recipe: { ...config.recipe, accumulate } };
        expect(floors.withState(asked, 0)).toBeLessThanOrEqual(stateBytes(sized(asked)));
      }
      return true;
    });
  },
);
