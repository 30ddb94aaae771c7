import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { conforms } from '../../src/config/conforms.js';
import { traceBodySchema, traceHeadSchema } from '../../src/reports/trace/schema.js';
import { body, compiledHead, head } from '../verify/capture/small-trace.js';

const wrong = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      '',
      'backward',
      'x'.repeat(1001),
      -1,
      -0,
      0.5,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      6,
      {},
      [],
      [null],
      ['x'],
      [[1]],
    ],
    ...[{ '': 1 }, Array(65).fill(1), { phase: 'setup', firstEvent: 0 }, 'gc-plan/trace@2'],
  ),
  fc.jsonValue(),
);
/** Every place inside a value: how to read it, and the value with something else there, or nothing. */
function places(value: unknown): readonly ((other: unknown) => unknown)[] {
  if (typeof value !== 'object' || value === null) return [(other) => other];
  const inside = Object.entries(value).flatMap(([key, inner]) =>
    places(inner).map((replace) => (other: unknown) => {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      return Object.assign(copy, { [key]: replace(other) });
    }),
  );
  const without = Object.keys(value).map((key) => () => {
    const { [key]: _, ...rest } = value as Record<string, unknown>;
    return Array.isArray(value) ? Object.values(rest) : rest;
  });
  const more = (other: unknown) => (Array.isArray(value) ? [...value, other] : { ...value, more: other });
  return [(other) => other, more, ...inside, ...without];
}

describe('the plain check of a schema', () => {
  it('says yes where zod does and no where zod does, of every line of a trace with one place changed', () => {
    const cases = [
      {
        schema: traceHeadSchema,
        values: [head, { ...compiledHead, unseen: [{ what: 'f', why: 'g', nextStep: 'h' }] }],
      },
      { schema: traceBodySchema, values: [...body, { marks: [{ phase: 'forward', firstEvent: 1, recompute: true }] }] },
    ];
    let numRefused = 0;
    for (const { schema, values } of cases) {
      const check = conforms(schema);
      for (const value of values) {
        expect(check(value)).toBe(true);
        for (const change of places(value))
          fc.assert(
            fc.property(wrong, (other) => {
              const changed = change(other);
              const { success } = schema.safeParse(changed);
              if (!success) numRefused++;
              expect({ changed, success: check(changed) }).toEqual({ changed, success });
            }),
            { numRuns: 60 },
          );
      }
    }
    expect(numRefused).toBeGreaterThan(1000);
  });

  it.each([
    ['an object that takes any key', z.object({})],
    ['a value that is changed', z.string().trim()],
    ['a pattern', z.string().regex(/a/)],
    ['a number of 32 bits', z.int32()],
    ['a limit that is left out', z.number().gt(3)],
    ['a date', z.date()],
  ])('is not made of what it would not check: %s', (_, schema) => {
    expect(() => conforms(schema)).toThrow('no plain check');
  });
});
