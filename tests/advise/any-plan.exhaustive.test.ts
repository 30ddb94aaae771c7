import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastAfterPasses, leastInValidation } from '../../src/advise/any-plan.js';
import { Effort } from '../../src/advise/effort.js';
import { aliveAfterPasses, leastOfAnyOptimizer, peakInValidation } from '../../src/advise/moments.js';
import type { Config } from '../../src/config/types.js';
import { counts } from '../../src/models/counts.js';
import { configured, inputs } from '../laws/configurations.js';
import { numRuns, sized } from './drawn-steps.js';

const some = (...values: readonly string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });

/** A training step of anemoi with validation after it. */
const withValidation = fc
  .record({
    model: fc.constantFrom('anemoi-gnn', 'anemoi-graphtransformer'),
    'validation-batch': fc.constantFrom('1', '4', '64'),
    'hidden-dim': fc.constantFrom('64', '128'),
    layers: fc.constantFrom('2', '4', '8'),
    checkpoint: some(
      'none',
      'encoder+edges:blocks=8',
      'edges:blocks=2',
      'encoder+decoder+processor:every=2+edges:blocks=4',
      'processor:every=1',
    ),
    batch: some('1', '3'),
    accumulate: some('2', '3'),
    rollout: some('2', '5'),
    precision: some('fp32', 'bf16', 'fp16'),
    optimizer: some('adamw', 'adam', 'none', 'sgd'),
    offload: some('optimizer', 'boundary', 'optimizer+boundary'),
    allocator: some('expandable'),
    cards: some('data', 'zero1', 'zero2', 'zero3', 'graph'),
  })
  .map(({ model, cards, ...flags }) => ({
    model,
    flags: { ...flags, runtime: 'pytorch', ...(cards !== undefined && { parallel: cards, gpus: '2' }) },
  }));

const inValidation = (config: Config): number => peakInValidation(sized(config));

/** A training step of any depth, on one card or several that share it. */
const deepInputs = (runtime: 'pytorch' | 'tfjs') =>
  fc
    .record({
      input: inputs(runtime),
      layers: fc.integer({ min: 3, max: 14 }).map(String),
      cards: runtime === 'pytorch' ? some('data', 'zero1', 'zero2', 'zero3', 'graph') : fc.constant(undefined),
    })
    .map(({ input: { model, flags }, layers, cards }) => ({
      model,
      flags: { ...flags, mode: 'train', layers, ...(cards !== undefined && { parallel: cards, gpus: '2' }) },
    }));

describe.each(['pytorch', 'tfjs'] as const)('%s: a step, whatever its plan and its optimizer', (runtime) => {
  it(
    'needs at least parameters, data and gradients, and has these alone when the passes of its only rollout step have ended',
    async () => {
      let numOfCards = 0;
      let numOfOne = 0;
      const draws = fc.asyncProperty(deepInputs(runtime), async (input) => {
        const config = await configured(input);
        if (config === undefined) return;
        const bound = leastAfterPasses(Effort.unlimited(), counts(config.model), config);
        expect(bound).toBeGreaterThan(0);
        expect(bound).toBeLessThanOrEqual(leastOfAnyOptimizer(sized(config)));
        if (config.recipe.gpus > 1) {
          numOfCards++;
          return;
        }
        const oneStep = { ...config, recipe: { ...config.recipe, rolloutSteps: 1, accumulate: 1 } };
        expect(bound).toBe(aliveAfterPasses(sized(oneStep), []));
        numOfOne++;
      });
      await fc.assert(draws, { numRuns: 4 * numRuns });
      expect(numOfCards > 0).toBe(runtime === 'pytorch');
      expect(numOfOne).toBeGreaterThan(0);
    },
    60_000 + 8_000 * numRuns,
  );
});

describe('pytorch: a step with validation after it', () => {
  it(
    'needs in validation at least what one of one sample needs there under any plan with the same blocks of edges',
    async () => {
      let numOfCards = 0;
      let numOfOne = 0;
      const draws = fc.asyncProperty(withValidation, async (input) => {
        const config = await configured(input);
        if (config === undefined) return;
        const bound = leastInValidation(Effort.unlimited(), counts(config.model), config);
        expect(bound).toBeGreaterThan(0);
        expect(bound).toBeLessThanOrEqual(inValidation(config));
        const { recipe } = config;
        if (recipe.gpus > 1) numOfCards++;
        else {
          const plain = { batchSize: 1, accumulate: 1, rolloutSteps: 1, offload: 'none' } as const;
          expect(bound).toBe(inValidation({ ...config, recipe: { ...recipe, ...plain } }));
          numOfOne++;
        }
      });
      await fc.assert(draws, { numRuns: 4 * numRuns });
      expect(numOfCards).toBeGreaterThan(0);
      expect(numOfOne).toBeGreaterThan(0);
    },
    60_000 + 8_000 * numRuns,
  );
});
