import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, noCheckpoint, parseCheckpoint } from '../../src/config/checkpoint.js';
import type { CheckpointPlan } from '../../src/config/types.js';

const count = fc.integer({ min: 1, max: 1000 });
const plan: fc.Arbitrary<CheckpointPlan> = fc.oneof(
  fc.constant({ ...noCheckpoint, model: true }),
  fc.record({
    encoder: fc.boolean(),
    decoder: fc.boolean(),
    model: fc.constant(false),
    rollout: fc.boolean(),
    processor: fc.oneof(
      fc.constant({ kind: 'none' as const }),
      fc.record({ kind: fc.constant('every' as const), layers: count }),
      fc.record({ kind: fc.constant('segments' as const), segments: count }),
    ),
    edges: fc.oneof(
      fc.constant({ kind: 'none' as const }),
      fc.record({ kind: fc.constantFrom('scan' as const, 'loop' as const), blocks: count }),
    ),
  }),
);

describe('checkpoint plans', () => {
  it('a plan printed and parsed again is the same plan', () => {
    fc.assert(
      fc.property(plan, (original) => void expect(parseCheckpoint(formatCheckpoint(original))).toEqual(original)),
    );
  });

  it('the order of the parts does not matter', () => {
    fc.assert(
      fc.property(plan, fc.infiniteStream(fc.nat()), (original, random) => {
        const order = formatCheckpoint(original)
          .split('+')
          .map((part) => ({ part, key: random.next().value as number }));
        const shuffled = order
          .sort((a, b) => a.key - b.key)
          .map(({ part }) => part)
          .join('+');
        expect(parseCheckpoint(shuffled)).toEqual(original);
      }),
    );
  });
});
