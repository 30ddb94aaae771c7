/** Rollouts are priced as long as a search answers in seconds, and refused with the limit beyond that. */
import { expect, it } from 'vitest';
import { resolveConfig } from '../../src/options/resolve.js';

const resolved = (flags: Readonly<Record<string, string>>) => resolveConfig({ model: 'graphcast-small', flags });

it.each([
  [{ runtime: 'jax' }, 1000],
  [{ runtime: 'jax', layers: '1024' }, 1000],
  [{ runtime: 'pytorch' }, 100],
  [{ runtime: 'tfjs' }, 100],
  [{ runtime: 'pytorch', layers: '1024' }, 24],
  [{ runtime: 'pytorch', mode: 'inference' }, 500],
  [{ runtime: 'tfjs', mode: 'inference' }, 500],
  [{ runtime: 'pytorch', mode: 'inference', layers: '1024' }, 24],
])('%o: at most %i steps', async (flags, most) => {
  await expect(resolved({ ...flags, rollout: String(most) })).resolves.toBeDefined();
  await expect(resolved({ ...flags, rollout: String(most + 1) })).rejects.toThrow(
    most === 1000 ? /must be a whole number from 1 to 1000/ : `beyond ${most} steps`,
  );
});
