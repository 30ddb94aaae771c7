/** `Ops` by the library itself. */
import type { CustomGradient, Gradients, Operand, Ops } from '../runtimes/tfjs/ops.js';
import { engineOf, type Library, type Tensor } from './library.js';

type T = Tensor;

/** Row counts of a batch by name, e.g. `meshNodes`. */
export type NumRows = (name: string) => number;

export function libraryOps(tf: Library, numRows: NumRows): Ops<Tensor> {
  const engine = engineOf(tf);
  return {
    add: (a: Operand<T>, b: Operand<T>) => tf.add(a, b),
    sub: (a: Operand<T>, b: Operand<T>) => tf.sub(a, b),
    mul: (a: Operand<T>, b: Operand<T>) => tf.mul(a, b),
    div: (a: Operand<T>, b: Operand<T>) => tf.div(a, b),
    sigmoid: (x) => tf.sigmoid(x),
    relu: (x) => tf.relu(x),
    erf: (x) => tf.erf(x),
    exp: (x) => tf.exp(x),
    square: (x) => tf.square(x),
    rsqrt: (x) => tf.rsqrt(x),
    mean: (x, axis, keepDims = false) => tf.mean(x, axis, keepDims),
    sum: (x, axis) => tf.sum(x, axis),
    matMul: (a, b, transposeA = false, transposeB = false) => tf.matMul(a, b, transposeA, transposeB),
    fusedMatMul: (a, b, bias) => tf.fused.matMul(bias === undefined ? { a, b } : { a, b, bias }),
    concat: (parts, axis) => tf.concat([...parts], axis),
    gather: (x, indices) => tf.gather(x, indices as tfjsIndices),
    segmentSum: (x, ids, rows) => tf.unsortedSegmentSum(x, ids as tfjsIndices, numRows(rows)),
    customGradient(
      forward: (inputs: readonly T[], save: (tensors: readonly T[]) => void) => CustomGradient<T>,
      inputs: readonly T[],
    ): T {
      const run = tf.customGrad((...args: unknown[]) => {
        const save = args.pop() as (tensors: readonly T[]) => void;
        const { value, gradient } = forward(args as T[], save);
        return { value, gradFunc: (dy: T | T[], saved: T[]) => [...gradient(dy as T, saved)] };
      });
      return run(...inputs);
    },
    gradients(f: () => T, xs: readonly T[], dy?: T): Gradients<T> {
      const { value, grads } = engine.gradients(f, [...xs], dy ?? null, true);
      return { value, gradients: grads.map((gradient) => gradient ?? undefined) };
    },
    tidy: <R extends T | readonly T[]>(f: () => R): R => tf.tidy(f as unknown as () => T[]) as unknown as R,
    dispose: (tensors) => tf.dispose([...tensors]),
    offload: (x) => toHost(tf, x),
    enter: () => {},
  };
}

/** Reads a tensor or variable to the host and disposes of it. → makes it again, as a tensor. */
export function toHost(tf: Library, x: Tensor): () => Tensor {
  const { shape, dtype } = x;
  const values = x.dataSync();
  x.dispose();
  return () => tf.tensor(values, shape, dtype);
}

type tfjsIndices = import('@tensorflow/tfjs').Tensor1D;
