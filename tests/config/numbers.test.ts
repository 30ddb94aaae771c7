import fc from 'fast-check';
import { expect, it } from 'vitest';
import { divisorsOf } from '../../src/config/numbers.js';

it('are all numbers that divide one, ascending', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), (number) => {
      const tried = Array.from({ length: number }, (_, index) => index + 1);
      expect(divisorsOf(number)).toEqual(tried.filter((divisor) => number % divisor === 0));
    }),
  );
});
