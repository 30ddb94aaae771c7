import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verdictOf } from '../../src/memory/verdict.js';
import { usableBytes } from '../../src/runtimes/traits.js';
import { GiB } from '../../src/units.js';

const bytes = fc.integer({ min: 0, max: 300 * GiB });
const needed = fc.tuple(bytes, bytes, bytes).map((sizes) => {
  const [lowBytes, runsFromBytes, highBytes] = sizes.sort((a, b) => a - b) as [number, number, number];
  return { range: { lowBytes, highBytes }, runsFromBytes };
});
const card = fc.tuple(bytes, bytes).map(([a, b]) => ({ nominalBytes: Math.max(a, b), usableBytes: Math.min(a, b) }));
const order = ['exceeds', 'tight', 'fits', 'unknown'];

describe('verdict', () => {
  test('it fits exactly when the high end goes in, and is tight exactly when else it is expected to run', () => {
    fc.assert(
      fc.property(needed, card, (process, onCard) => {
        const verdict = verdictOf(process, onCard);
        const { highBytes } = process.range;
        expect(verdict.kind === 'fits').toBe(highBytes <= onCard.usableBytes);
        if (verdict.kind === 'fits') expect(highBytes + verdict.headroomBytes).toBe(onCard.usableBytes);
        else if (verdict.kind !== 'unknown') {
          expect(verdict.shortfallBytes).toBeGreaterThan(0);
          expect(highBytes - verdict.shortfallBytes).toBe(onCard.usableBytes);
          expect(verdict.kind === 'tight').toBe(process.runsFromBytes <= onCard.usableBytes);
        }
      }),
    );
  });

  test('a larger card never makes it worse, and closing the shortfall makes it fit', () => {
    fc.assert(
      fc.property(needed, card, bytes, (process, onCard, more) => {
        const verdict = verdictOf(process, onCard);
        const larger = verdictOf(process, { ...onCard, usableBytes: onCard.usableBytes + more });
        expect(order.indexOf(larger.kind)).toBeGreaterThanOrEqual(order.indexOf(verdict.kind));
        if (verdict.kind !== 'tight' && verdict.kind !== 'exceeds') return;
        const enough = { ...onCard, usableBytes: onCard.usableBytes + verdict.shortfallBytes };
        expect(verdictOf(process, enough)).toMatchObject({ kind: 'fits', headroomBytes: 0 });
      }),
    );
  });

  test('without a card nothing is known', () => {
    fc.assert(fc.property(needed, (process) => verdictOf(process, null).kind === 'unknown'));
  });
});

describe('usable bytes', () => {
  const device = { reportedBytes: 80 * GiB, contextBytes: { jax: GiB, pytorch: GiB, tfjs: GiB } };

  test('PyTorch and TensorFlow.js may take all that others leave, JAX its share of it and the context', () => {
    expect(usableBytes(device, { memFraction: 0.75 }, 'pytorch', 2 * GiB)).toBe(78 * GiB);
    expect(usableBytes(device, { memFraction: 0.75 }, 'tfjs', 0)).toBe(80 * GiB);
    expect(usableBytes(device, { memFraction: 0.75 }, 'jax', 0)).toBe(61 * GiB);
  });

  test('nobody may take more than others leave, nor less than nothing', () => {
    const runtime = fc.constantFrom('jax' as const, 'pytorch' as const, 'tfjs' as const);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), runtime, bytes, (memFraction, name, reserveBytes) => {
        const usable = usableBytes(device, { memFraction }, name, reserveBytes);
        expect(usable).toBeGreaterThanOrEqual(0);
        expect(usable).toBeLessThanOrEqual(Math.max(0, device.reportedBytes - reserveBytes));
        expect(usableBytes(device, { memFraction }, name, reserveBytes + 1)).toBeLessThanOrEqual(usable);
      }),
    );
  });
});
