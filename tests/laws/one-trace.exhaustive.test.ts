import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import type { Trace } from '../../src/memory/trace.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import { traceOf } from '../../src/parallel/index.js';
import { shapeKey } from '../../src/search/unsized-step.js';

const tiny = await loadModel('tiny');

const structure = fc.record({
  layers: fc.constantFrom('1', '2', '5'),
  mode: fc.constantFrom({ mode: 'inference' }, { mode: 'inference' }, { optimizer: 'none' }, {}),
  cards: fc.constantFrom({ vram: '80GB' }, { vram: '80GB', gpus: '4' }, { gpu: 't4' }, { gpu: 'a100-80gb' }),
  precision: fc.constantFrom('fp32', 'bf16'),
  plan: fc.constantFrom({}, {}, {}, { rollout: '2' }),
  meshLevel: fc.constantFrom('1', '3'),
});
const size = fc.record({
  batch: fc.integer({ min: 1, max: 200 }).map(String),
  'hidden-dim': fc.constantFrom('32', '32', '64', '128', '24'),
});

it('a trace that holds for another size is the trace of that size', () => {
  let numHeld = 0;
  const configOf = (flags: Readonly<Record<string, string>>) => {
    try {
      return [resolveWith(tiny, { ...flags, runtime: 'jax' })];
    } catch (error) {
      if (error instanceof InputError) return [];
      throw error;
    }
  };
  fc.assert(
    fc.property(structure, fc.array(size, { minLength: 4, maxLength: 4 }), (drawn, sizes) => {
      const { mode, cards, plan, meshLevel, ...rest } = drawn;
      const flags = { ...rest, ...mode, ...cards, ...plan, 'mesh-level': meshLevel };
      const configs = sizes.flatMap((each) => configOf({ ...flags, ...each }));
      const traces = configs.map((config) => traceOf(config));
      for (const [index, { holdsFor, ...columns }] of traces.entries()) {
        for (const [other, config] of configs.entries()) {
          if (other === index || shapeKey(config) !== shapeKey(configs[index]!) || !holdsFor?.(config)) continue;
          const { holdsFor: _, ...expected }: Trace = traces[other]!;
          expect(columns, JSON.stringify([flags, sizes[index], sizes[other]])).toEqual(expected);
          numHeld++;
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(numHeld).toBeGreaterThan(40);
});
