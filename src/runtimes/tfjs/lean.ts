/**
 * Custom gradients that keep less than the tape would: a linear layer its input and weight, a swish its input, a layer norm its
 * input and scale; the rest is computed again in the backward pass.
 */
import type { Ops } from './ops.js';

/** torch.nn.LayerNorm's and haiku's epsilon. */
export const layerNormEpsilon = 1e-5;

export function leanLinear<T>(ops: Ops<T>, x: T, weight: T, bias: T): T {
  return ops.customGradient(
    ([x, weight, bias], save) => {
      save([x!, weight!]);
      return {
        value: ops.add(ops.matMul(x!, weight!), bias!),
        gradient: (dy, [x, weight]) => [
          ops.matMul(dy, weight!, false, true),
          ops.matMul(x!, dy, true, false),
          ops.sum(dy, 0),
        ],
      };
    },
    [x, weight, bias],
  );
}

/** d(x·σ(x)) = σ(x)·(1 + x·(1 − σ(x))) */
export function leanSilu<T>(ops: Ops<T>, x: T): T {
  return ops.customGradient(
    ([x], save) => {
      save([x!]);
      return {
        value: ops.mul(x!, ops.sigmoid(x!)),
        gradient: (dy, [x]) => [
          ops.tidy(() => {
            const sigmoid = ops.sigmoid(x!);
            return ops.mul(dy, ops.mul(sigmoid, ops.add(1, ops.mul(x!, ops.sub(1, sigmoid)))));
          }),
        ],
      };
    },
    [x],
  );
}

function normalized<T>(ops: Ops<T>, x: T): { readonly rows: T; readonly inverseDeviation: T } {
  const centred = ops.sub(x, ops.mean(x, 1, true));
  const inverseDeviation = ops.rsqrt(ops.add(ops.mean(ops.square(centred), 1, true), layerNormEpsilon));
  return { rows: ops.mul(centred, inverseDeviation), inverseDeviation };
}

/** With n the normalized rows and g = dy · scale: dx = (g − mean(g) − n · mean(g·n)) / deviation. */
export function leanLayerNorm<T>(ops: Ops<T>, x: T, scale: T, offset: T): T {
  return ops.customGradient(
    ([x, scale, offset], save) => {
      save([x!, scale!]);
      return {
        value: ops.add(ops.mul(normalized(ops, x!).rows, scale!), offset!),
        gradient: (dy, [x, scale]) =>
          ops.tidy(() => {
            const { rows, inverseDeviation } = normalized(ops, x!);
            const scaled = ops.mul(dy, scale!);
            const centred = ops.sub(scaled, ops.mean(scaled, 1, true));
            const dx = ops.mul(
              inverseDeviation,
              ops.sub(centred, ops.mul(rows, ops.mean(ops.mul(scaled, rows), 1, true))),
            );
            return [dx, ops.sum(ops.mul(dy, rows), 0), ops.sum(dy, 0)];
          }),
      };
    },
    [x, scale, offset],
  );
}
