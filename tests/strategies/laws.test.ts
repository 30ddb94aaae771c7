import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flags } from '../../src/config/typed.js';
import { priceProgram } from '../../src/estimate.js';
import { type Liveness, liveness } from '../../src/memory/liveness.js';
import { counts } from '../../src/topology/counts.js';
import { configured, inputs } from '../laws/configurations.js';

interface Case {
  readonly model?: string | undefined;
  readonly flags: Flags;
}

async function live({ model, flags }: Case, more: Flags): Promise<Liveness | undefined> {
  const config = await configured({ model, flags: { ...flags, mode: 'train', vram: undefined, ...more } });
  if (config === undefined) return undefined;
  const { trace, dimensions } = priceProgram(config, counts(config.model));
  return liveness(trace, dimensions);
}

async function holds(runtime: 'pytorch' | 'jax' | 'tfjs', law: (input: Case) => Promise<boolean>): Promise<void> {
  let numCompared = 0;
  const property = fc.asyncProperty(inputs(runtime), async (input) => {
    if (await law(input)) numCompared += 1;
  });
  await fc.assert(property, { numRuns: 40 });
  expect(numCompared).toBeGreaterThan(5);
}

const plans = [
  'encoder',
  'decoder',
  'encoder+decoder',
  'processor:every=2',
  'encoder+decoder+processor:every=1',
  'model',
];

describe.each(['pytorch', 'jax', 'tfjs'] as const)('%s', (runtime) => {
  it.each(plans)('recomputing %s never raises what is kept at the end of the forward pass', (checkpoint) =>
    holds(runtime, async (input) => {
      const [none, some] = [await live(input, { checkpoint: 'none' }), await live(input, { checkpoint })];
      if (none === undefined || some === undefined) return false;
      expect(some.forwardEndBytes).toBeLessThanOrEqual(none.forwardEndBytes);
      return true;
    }),
  );

  it('accumulation never changes the peak by more than the gradients of all parameters, once', () =>
    holds(runtime, async (input) => {
      const [one, many] = [await live(input, { accumulate: '1' }), await live(input, { accumulate: '4' })];
      if (one === undefined || many === undefined) return false;
      const gradientBytes = one.byCategory.parameter;
      expect(many.peak.liveBytes).toBeGreaterThanOrEqual(one.peak.liveBytes);
      expect(many.peak.liveBytes - one.peak.liveBytes).toBeLessThanOrEqual(gradientBytes);
      return true;
    }));
});

it('jax: twice the edge blocks never need more', () =>
  holds('jax', async (input) => {
    const plan = (blocks: number) => ({ checkpoint: `encoder+decoder+processor:every=2+edges:blocks=${blocks}` });
    const [few, many] = [await live(input, plan(4)), await live(input, plan(8))];
    if (few === undefined || many === undefined) return false;
    expect(many.peak.liveBytes).toBeLessThanOrEqual(few.peak.liveBytes);
    return true;
  }));
