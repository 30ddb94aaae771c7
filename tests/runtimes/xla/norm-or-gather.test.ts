import { describe, expect, it } from 'vitest';
import { normalisesFirst } from '../../../src/runtimes/xla/norm-or-gather.js';

/**
 * What stands in the decoder's concatenation of compiled forecasts (HLO after optimization, jaxlib 0.10.2, described H100): edges, samples,
 * width, and whether its kernel is Triton's, which normalises, or a plain one, which gathers.
 */
const compiled: readonly (readonly [number, number, number, boolean])[] = [
  [3 * 181 * 360, 1, 128, true],
  [3 * 181 * 360, 1, 256, false],
  [3 * 181 * 360, 1, 512, false],
  [3 * 181 * 360, 2, 512, false],
  [3 * 91 * 180, 1, 256, true],
  [3 * 91 * 180, 1, 512, false],
  [3 * 121 * 240, 2, 512, true],
  [3 * 361 * 720, 1, 64, false],
  [3 * 361 * 720, 1, 128, false],
  [3 * 361 * 720, 1, 512, true],
  [3 * 721 * 1440, 1, 512, true],
];

describe('what XLA fuses into the concatenation of an edge’s rows in fp32', () => {
  it.each(compiled)(
    'of %i edges, %i samples, %i wide: the norm before the gathers is %s',
    (edges, samples, width, norm) => {
      expect(normalisesFirst({ edges, samples, width }, 90)).toBe(norm);
    },
  );

  it('hangs on single edges: neither answer holds for a whole neighbourhood of sizes', () => {
    const answers = Array.from({ length: 64 }, (_, more) =>
      normalisesFirst({ edges: 195_480 + 3 * more, samples: 1, width: 512 }, 90),
    );
    expect(new Set(answers).size).toBe(2);
  });
});
