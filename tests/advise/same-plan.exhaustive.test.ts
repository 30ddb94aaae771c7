/** `estimate`'s suggestion and `advise`'s first line are one plan. */
import { expect, it } from 'vitest';
import { advise } from '../../src/services/advise.js';
import { estimate } from '../../src/services/estimate.js';

it.each([
  ['graphcast-small', { gpu: 'rtx-3060' }],
  ['graphcast-small', { gpu: 'rtx-4090', batch: '2' }],
  ['graphcast-small', { gpu: 't4', runtime: 'pytorch' }],
  ['neural-lam', { gpu: 'rtx-3060', batch: '16' }],
  // Found after three million events of traces.
  ['anemoi-gnn', { gpu: 't4' }],
] as const)('estimate of %s with %j suggests what advise puts first', async (model, flags) => {
  const [{ verdict }, { cheapest }] = [await estimate({ model, flags }), await advise({ model, flags })];
  expect(cheapest).toBeDefined();
  expect('smallestChange' in verdict && verdict.smallestChange?.change).toBe(cheapest!.change);
  expect(cheapest!.verdict.kind).toBe('fits');
});
