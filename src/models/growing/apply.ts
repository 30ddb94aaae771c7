/** Carries a plan out in memory: what `grow.py` does to files, for the stages that gc-plan trains itself. */
import type { Fill, GrownArray, Stretch } from './types.js';

interface Randomness {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How far a copy's share may be from 1 ÷ copies, relative to it; 0: all shares are equal. */
  readonly asymmetry: number;
}

interface Working {
  readonly values: Float64Array;
  readonly shape: readonly number[];
}

/** `source`: the values of `array.from`, row-major. → `array.shape`, row-major. */
export function applyGrowth(array: GrownArray, source: Float32Array | undefined, randomness: Randomness): Float32Array {
  const { random } = randomness;
  const total = array.shape.reduce((product, length) => product * length, 1);
  if (source === undefined || array.from === undefined)
    return new Float32Array(total).map(() => filled(array.fill ?? 'zeros', array.fanIn, random));
  let working: Working = { values: Float64Array.from(source), shape: array.from.shape };
  if (array.centre !== undefined) working = centred(working, array.centre);
  if (array.scale !== undefined) working = { ...working, values: working.values.map((value) => value * array.scale!) };
  for (const stretch of array.stretches) working = stretched(working, stretch, array.fanIn, randomness);
  return Float32Array.from(working.values);
}

function filled(fill: Fill, fanIn: number, random: () => number): number {
  if (fill === 'fresh') return (2 * random() - 1) * Math.sqrt(3 / fanIn);
  return fill === 'ones' ? 1 : 0;
}

/** The array as `[before, axis, behind]`. */
function around({ shape }: Working, axis: number) {
  const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);
  return { before: product(shape.slice(0, axis)), length: shape[axis]!, behind: product(shape.slice(axis + 1)) };
}

function centred(working: Working, axis: number): Working {
  const { before, length, behind } = around(working, axis);
  const values = working.values.slice();
  for (let b = 0; b < before; b++)
    for (let e = 0; e < behind; e++) {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += values[(b * length + i) * behind + e]!;
      for (let i = 0; i < length; i++) values[(b * length + i) * behind + e]! -= sum / length;
    }
  return { ...working, values };
}

function stretched(working: Working, stretch: Stretch, fanIn: number, { random, asymmetry }: Randomness): Working {
  const { before, length, behind } = around(working, stretch.axis);
  const width = length / stretch.segments;
  const copies = stretch.kind === 'tile' ? stretch.copies : 1;
  const grownWidth = stretch.kind === 'tile' ? width * copies : stretch.width;
  const grownLength = stretch.segments * grownWidth;
  const values = new Float64Array(before * grownLength * behind);
  const shares = new Float64Array(copies).fill(1);
  for (let b = 0; b < before; b++)
    for (let segment = 0; segment < stretch.segments; segment++)
      for (let unit = 0; unit < (stretch.kind === 'tile' ? width : grownWidth); unit++)
        for (let e = 0; e < behind; e++) {
          const value =
            unit < width
              ? working.values[(b * length + segment * width + unit) * behind + e]!
              : filled((stretch as Extract<Stretch, { kind: 'pad' }>).fill, fanIn, random);
          if (stretch.kind === 'tile' && stretch.shared) drawShares(shares, asymmetry, random);
          for (let copy = 0; copy < copies; copy++)
            values[(b * grownLength + segment * grownWidth + copy * width + unit) * behind + e] = value * shares[copy]!;
        }
  return { values, shape: working.shape.map((each, index) => (index === stretch.axis ? grownLength : each)) };
}

/** Shares that sum to 1. */
function drawShares(shares: Float64Array, asymmetry: number, random: () => number): void {
  const copies = shares.length;
  let sum = 0;
  for (let copy = 0; copy < copies; copy++) {
    shares[copy] = asymmetry === 0 ? 0 : asymmetry * (2 * random() - 1);
    sum += shares[copy]!;
  }
  for (let copy = 0; copy < copies; copy++) shares[copy] = (1 + shares[copy]! - sum / copies) / copies;
}
