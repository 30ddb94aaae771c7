/**
 * Sine and cosine in float32 as NumPy computes them with FMA instructions (AVX2, AVX-512, NEON): one in six differs in the last bit from
 * the correctly rounded one, and three of 6,597 edges hang on it (46x90, mesh level 2).
 * Source: numpy 2.4.6, `loops_trigonometric.dispatch.cpp`: the angle less the nearest multiple of π/2, in three parts of π/2, then a
 * polynomial of sine or cosine by quadrant. A sum that float64 rounds to the middle of two float32 would be rounded twice here: one in 10⁹.
 */
const float32 = Math.fround;

const multiplyAdd = (a: number, b: number, c: number): number => float32(a * b + c);

const TWO_OVER_PI = float32(2 / Math.PI);

/** A float32 of this size has no bits after the point: what is added to it is rounded, half to even. */
const NO_FRACTION = 1.5 * 2 ** 23;

/** −π/2 is the sum of them. */
const MINUS_HALF_PI = [-0x1921fb0 / 2 ** 24, -0x15110b4 / 2 ** 46, -0x1846988 / 2 ** 72] as const;

/** Of x⁹, x⁷, x⁵ and x³. */
const SINE = [0x17d3bbc / 2 ** 43, -0x1a06bba / 2 ** 37, 0x111119a / 2 ** 31, -0x1555556 / 2 ** 27] as const;

/** Of x⁸, x⁶, x⁴, x² and 1. */
const COSINE = [0x198e616 / 2 ** 40, -0x16c06dc / 2 ** 34, 0x155553c / 2 ** 29, -0.5, 1] as const;

/** Of an angle in radians, a float32 of at most some turns. */
export interface Sines {
  readonly sin: (angle: number) => number;
  readonly cos: (angle: number) => number;
}

export const numpySines: Sines = {
  sin: (angle) => sineOfQuadrant(angle, 0),
  cos: (angle) => sineOfQuadrant(angle, 1),
};

/** The float32 next to the true one. */
export const roundedSines: Sines = {
  sin: (angle) => float32(Math.sin(angle)),
  cos: (angle) => float32(Math.cos(angle)),
};

function sineOfQuadrant(angle: number, quarterTurns: number): number {
  const quadrant = float32(float32(angle * TWO_OVER_PI) + NO_FRACTION) - NO_FRACTION;
  const rest = MINUS_HALF_PI.reduce((left, part) => multiplyAdd(quadrant, part, left), angle);
  const turned = quadrant + quarterTurns;
  const value = turned % 2 === 0 ? sineNearZero(rest) : polynomial(COSINE, float32(rest * rest));
  return turned % 4 >= 2 ? -value : value;
}

function sineNearZero(angle: number): number {
  const square = float32(angle * angle);
  return multiplyAdd(float32(polynomial(SINE, square) * square), angle, angle);
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => multiplyAdd(sum, x, coefficient));
