/** Every runtime prices rollouts as long as it answers in seconds, and says so where it does not. */
import { expect, it } from 'vitest';
import { runtimeNames } from '../../src/config/choices.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { runtimeTraits } from '../../src/runtimes/traits.js';
import { estimate } from '../../src/services/estimate.js';

it.each(runtimeNames)(
  '%s: the longest rollout has ordered numbers, and one step more is refused with the limit',
  async (runtime) => {
    const { maximumRollout } = runtimeTraits[runtime];
    const flags = { runtime, 'mesh-level': '2', grid: '19x36', layers: '3', 'hidden-dim': '32' };
    const { memory } = await estimate({
      model: 'graphcast-small',
      flags: { ...flags, rollout: String(maximumRollout) },
    });
    expect(memory.peakLiveBytes).toBeLessThanOrEqual(memory.peakAllocatedBytes);
    expect(memory.peakAllocatedBytes).toBeLessThanOrEqual(memory.peakReservedBytes);
    const longer = String(maximumRollout + 1);
    await expect(resolveConfig({ model: 'graphcast-small', flags: { ...flags, rollout: longer } })).rejects.toThrow(
      maximumRollout === 1_000 ? /must be a whole number from 1 to 1000/ : `up to ${maximumRollout} of them`,
    );
  },
);
