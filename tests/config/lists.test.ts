import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseValues } from '../../src/options/lists.js';
import { findOption } from '../../src/options/option-values.js';
import { expectHelpful, refusal } from './refusal.js';

const count = fc.integer({ min: 1, max: 1000 });

describe('lists and ranges', () => {
  const hiddenDim = findOption('hidden-dim');

  it('a range by step holds exactly the numbers that a loop would visit', () => {
    fc.assert(
      fc.property(count, count, count, (from, length, step) => {
        const to = from + length;
        const expected = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) =>
          String(from + index * step),
        );
        expect(parseValues(hiddenDim, `${from}..${to}:${step}`)).toEqual(expected);
      }),
    );
  });

  it('a range by factor stays within its ends and each value is the factor times the one before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 64, max: 4096 }),
        fc.integer({ min: 2, max: 5 }),
        (from, to, factor) => {
          const values = parseValues(hiddenDim, `${from}..${to}:x${factor}`).map(Number);
          expect(values[0]).toBe(from);
          expect(values.at(-1)! <= to && values.at(-1)! * factor > to).toBe(true);
          for (const [index, value] of values.entries()) if (index > 0) expect(value).toBe(values[index - 1]! * factor);
        },
      ),
    );
  });

  it.each([
    ['256,512', ['256', '512']],
    ['4..16:4', ['4', '8', '12', '16']],
    ['256..1024:x2', ['256', '512', '1024']],
    ['1..3', ['1', '2', '3']],
    ['1..3,2,8', ['1', '2', '3', '8']],
  ])('%s is %j', (text, expected) => expect(parseValues(hiddenDim, text)).toEqual(expected));

  it('a decimal range has no rounding dust', () => {
    expect(parseValues(findOption('radius-fraction'), '0.1..0.6:0.1')).toEqual([
      '0.1',
      '0.2',
      '0.3',
      '0.4',
      '0.5',
      '0.6',
    ]);
  });

  it('checkpoint alternatives are separated by commas', () => {
    expect(parseValues(findOption('checkpoint'), 'none,encoder+processor:every=2')).toEqual([
      'none',
      'encoder+processor:every=2',
    ]);
  });
});

describe('bad lists and ranges', () => {
  it.each([
    '',
    '4,',
    ',4',
    '4..',
    '..4',
    '8..4',
    '4..8:0',
    '4..8:x1',
    '4..8:x0',
    '4..8:-1',
    '4..8:4:4',
    '1.5..3',
    '0..4',
    '1..2000',
    '4..x8',
    '1..1024:0.0001',
    'a..b',
  ])('%j', async (list) => {
    const error = await refusal(() => parseValues(findOption('layers'), list));
    expect(error.message).toContain('--layers');
    expect(error.nextSteps.length).toBeGreaterThan(0);
  });

  it('more values than a search could want are refused before they are made', async () => {
    expectHelpful(
      await refusal(() => parseValues(findOption('radius-fraction'), '0.00001..100:0.00001')),
      'invalid-range',
      ['100,000'],
    );
  });
});
