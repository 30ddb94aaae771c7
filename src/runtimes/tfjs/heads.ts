/**
 * Attention in the operations that TensorFlow.js has. A head's columns are summed, and its weight is spread over them, by a product with
 * a constant matrix of zeros and ones, `[hiddenDim, heads]`; the gradients keep no more than they need.
 */
import type { Ops } from './ops.js';

/** `[rows, hiddenDim] → [rows, heads]` */
export function headSum<T>(ops: Ops<T>, x: T, heads: T): T {
  return ops.customGradient(
    ([x]) => ({ value: ops.matMul(x!, heads), gradient: (dy) => [ops.matMul(dy, heads, false, true)] }),
    [x],
  );
}

/** `[rows, hiddenDim] · [rows, heads] → [rows, hiddenDim]` */
export function headScale<T>(ops: Ops<T>, x: T, weights: T, heads: T): T {
  const spread = (weights: T) => ops.matMul(weights, heads, false, true);
  return ops.customGradient(
    ([x, weights], save) => {
      save([x!, weights!]);
      return {
        value: ops.mul(x!, spread(weights!)),
        gradient: (dy, [x, weights]) =>
          ops.tidy(() => [ops.mul(dy, spread(weights!)), ops.matMul(ops.mul(dy, x!), heads)]),
      };
    },
    [x, weights],
  );
}

/** d(a / b) = da / b and −(da / b) · (a / b). */
export function quotient<T>(ops: Ops<T>, a: T, b: T): T {
  return ops.customGradient(
    ([a, b], save) => {
      const value = ops.div(a!, b!);
      save([value, b!]);
      return {
        value,
        gradient: (dy, [value, b]) =>
          ops.tidy(() => {
            const toNumerator = ops.div(dy, b!);
            return [toNumerator, ops.mul(ops.mul(toNumerator, value!), -1)];
          }),
      };
    },
    [a, b],
  );
}

/**
 * No less than the largest score of each receiver and head, which is all that the softmax asks of its shift; the library has no
 * segment maximum. √Σs² over the incoming edges, made outside of the tape.
 */
export function largestOrMore<T>(ops: Ops<T>, scores: T, receivers: T, numRows: string): T {
  return ops.customGradient(() => {
    const squares = ops.segmentSum(ops.square(scores), receivers, numRows);
    return { value: ops.mul(squares, ops.rsqrt(ops.add(squares, 1e-12))), gradient: () => [] };
  }, []);
}
