import { expect, it } from 'vitest';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { runSearch, worthwhile } from '../../src/search/run.js';
import { spaceOf } from '../../src/search/space.js';
import { UnsizedSteps } from '../../src/search/unsized-step.js';
import { errorBars } from '../../src/services/accuracy.js';

it('a search whose rest is done in four seconds stays in one thread, whatever the cores', () => {
  for (const numCores of [1, 2, 64]) {
    expect(worthwhile(500, 0.2, numCores)).toBeLessThan(1);
    expect(worthwhile(4_000, 0.6, numCores)).toBeLessThan(1);
  }
});

it('says nothing before it knows its pace', () => {
  expect(worthwhile(499, 0.001, 8)).toBe(0);
  expect(worthwhile(5_000, 0, 8)).toBe(0);
});

it('shares more work among more threads, up to the cores, this thread among them', () => {
  const beside = (leftMs: number, numCores: number) => worthwhile(1_000, 1_000 / (1_000 + leftMs), numCores);
  expect(beside(7_000, 8)).toBe(2);
  expect(beside(60_000, 8)).toBe(7);
  expect(beside(60_000, 2)).toBe(1);
  expect(beside(60_000, 1)).toBe(0);
});

it('starts no worker for a search of a second, and prices every candidate of it', async () => {
  const profile = await loadModel('tiny');
  const flags = { vram: '1GB', 'hidden-dim': '16..64:16', layers: '2..4', batch: '1,2', runtime: 'pytorch' };
  const { space } = spaceOf(profile, {}, flags);
  const { device } = resolveWith(profile, { vram: '1GB' });
  const search = { space, device: device!, limits: undefined, errorBars: errorBars(profile.model.layout, 'train') };
  const candidates = await runSearch(search, {
    signal: new AbortController().signal,
    unsizedSteps: new UnsizedSteps(),
  });
  expect([...candidates.state].filter((state) => state === 0)).toEqual([]);
});
