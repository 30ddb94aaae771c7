import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Liveness, liveness } from '../../src/memory/liveness.js';
import { counts } from '../../src/models/counts.js';
import type { Flags } from '../../src/options/typed.js';
import { priceProgram } from '../../src/price.js';
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

const fewAndMany = [
  [2, 4],
  [4, 8],
] as const;

const blocksPlan = (others: string, blocks: number) => ({ checkpoint: `${others}+edges:blocks=${blocks}` });

it.each(['jax', 'tfjs'] as const)('%s: twice the edge blocks never need more', (runtime) =>
  holds(runtime, async (input) => {
    for (const [few, many] of fewAndMany) {
      const plan = (blocks: number) => blocksPlan('encoder+decoder+processor:every=2', blocks);
      const [before, after] = [await live(input, plan(few)), await live(input, plan(many))];
      if (before === undefined || after === undefined) return false;
      expect(after.peak.liveBytes).toBeLessThanOrEqual(before.peak.liveBytes);
    }
    return true;
  }),
);

/** A chunk keeps its own copy of the source rows that it reads: rows that two chunks read are kept twice. */
it.each(['anemoi-graphtransformer', 'anemoi-gnn'])(
  '%s: twice the mapper chunks need more only by the source rows that they keep',
  async (model) => {
    const sizes = fc.record({
      'hidden-dim': fc.constantFrom('64', '128'),
      layers: fc.constantFrom('2', '4'),
      'mesh-level': fc.constantFrom('2', '3'),
      grid: fc.constantFrom('32x64', '64x128'),
      precision: fc.constantFrom('fp32', 'bf16'),
      batch: fc.constantFrom('1', '2'),
    });
    const law = fc.asyncProperty(sizes, fc.constantFrom(...fewAndMany), async (flags, [few, many]) => {
      const plan = (blocks: number) => blocksPlan('processor:every=1', blocks);
      const [before, after] = [await live({ model, flags }, plan(few)), await live({ model, flags }, plan(many))];
      const kept = (of: Liveness) => of.byCategory.activation;
      const rise = Math.max(0, kept(after!) - kept(before!));
      expect(after!.peak.liveBytes).toBeLessThanOrEqual(before!.peak.liveBytes + rise);
    });
    await fc.assert(law, { numRuns: 20 });
  },
);
