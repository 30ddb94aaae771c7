import { expect, it } from 'vitest';
import { resolveConfig } from '../../src/options/resolve.js';
import { renderEstimate } from '../../src/reports/estimate/table.js';
import { priced } from '../../src/services/priced.js';
import { GiB } from '../../src/units.js';

const report = async (allocator: string) =>
  priced(
    await resolveConfig({
      model: 'graphcast-small',
      flags: { runtime: 'jax', gpu: 'a100-40gb', 'jax-allocator': allocator },
    }),
  );

async function usableWith(allocator: string): Promise<number> {
  const { verdict } = await report(allocator);
  if (verdict.kind === 'unknown') throw new Error('a card was given');
  return verdict.usableBytes;
}

it('grabs its share at the start only by default, and lays the card open to others without', async () => {
  const [pool, grown, platform] = await Promise.all(['default', 'no-preallocation', 'platform'].map((a) => report(a)));
  expect(pool!.memory.preallocatedBytes).toBeGreaterThan(29 * GiB);
  expect([grown!.memory.preallocatedBytes, platform!.memory.preallocatedBytes]).toEqual([undefined, undefined]);
});

it('has the same limit without preallocation, and the whole card array by array', async () => {
  const [pool, grown, platform] = await Promise.all(['default', 'no-preallocation', 'platform'].map(usableWith));
  expect(grown).toBe(pool);
  expect(platform! - pool!).toBeGreaterThan(9 * GiB);
});

it('holds most in regions that grow, least array by array, and never changes what is alive', async () => {
  const [pool, grown, platform] = await Promise.all(['default', 'no-preallocation', 'platform'].map((a) => report(a)));
  expect(new Set([pool, grown, platform].map((each) => each!.memory.peakLiveBytes)).size).toBe(1);
  expect(platform!.memory.peakReservedBytes).toBe(platform!.memory.peakAllocatedBytes);
  expect(grown!.memory.peakReservedBytes).toBeGreaterThan(pool!.memory.peakReservedBytes);
  expect(pool!.memory.peakReservedBytes).toBeGreaterThanOrEqual(platform!.memory.peakReservedBytes);
});

it('says what each changes, by the variable that chooses it, and nothing of the default', async () => {
  const said = async (allocator: string) =>
    (await report(allocator)).assumptions.filter((sentence) => sentence.includes('--jax-allocator'));
  expect(await said('default')).toEqual([]);
  expect(await said('no-preallocation')).toEqual([expect.stringMatching(/XLA_PYTHON_CLIENT_PREALLOCATE=false.*limit/)]);
  expect(await said('platform')).toEqual([
    expect.stringMatching(/XLA_PYTHON_CLIENT_ALLOCATOR=platform.*--mem-fraction has no effect/),
  ]);
});

it('calls what is beside the arrays constants, and the pool by its name where it grows', async () => {
  const line = async (allocator: string) =>
    renderEstimate(await report(allocator), { columns: 100, colour: false })
      .split('\n')
      .find((each) => each.startsWith('memory'));
  expect(await line('default')).toMatch(/ \+ constants [\d.]+ \+ context /);
  expect(await line('no-preallocation')).toMatch(/ \+ constants, pool [\d.]+ \+ context /);
});
