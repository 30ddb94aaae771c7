/**
 * The TensorFlow.js operations that a training step uses. Two implementations: `symbolic.ts` counts their bytes, `verify/` calls
 * the library. Everything above this line (rules, segment driver, optimizer step) is written once, so what is priced is what runs.
 */
export type Operand<T> = T | number;

export interface CustomGradient<T> {
  readonly value: T;
  /** → one gradient per input. */
  readonly gradient: (dy: T, saved: readonly T[]) => readonly T[];
}

export interface Gradients<T> {
  readonly value: T;
  /** Absent where the value does not depend on the input. */
  readonly gradients: readonly (T | undefined)[];
}

export interface Ops<T> {
  add(a: Operand<T>, b: Operand<T>): T;
  sub(a: Operand<T>, b: Operand<T>): T;
  mul(a: Operand<T>, b: Operand<T>): T;
  div(a: Operand<T>, b: Operand<T>): T;
  sigmoid(x: T): T;
  relu(x: T): T;
  erf(x: T): T;
  exp(x: T): T;
  square(x: T): T;
  rsqrt(x: T): T;
  /** Over one axis, or over all. */
  mean(x: T, axis?: 0 | 1, keepDims?: boolean): T;
  sum(x: T, axis: 0 | 1): T;
  matMul(a: T, b: T, transposeA?: boolean, transposeB?: boolean): T;
  fusedMatMul(a: T, b: T, bias?: T): T;
  concat(parts: readonly T[], axis: 0 | 1): T;
  gather(x: T, indices: T): T;
  /** `numRows` names the node count that the ids number. */
  segmentSum(x: T, ids: T, numRows: string): T;
  customGradient(
    forward: (inputs: readonly T[], save: (tensors: readonly T[]) => void) => CustomGradient<T>,
    inputs: readonly T[],
  ): T;
  /** Of `f()`, times `dy` where given, with respect to `xs`. */
  gradients(f: () => T, xs: readonly T[], dy?: T): Gradients<T>;
  /** Disposes what `f` made, except what it returns. */
  tidy<R extends T | readonly T[]>(f: () => R): R;
  dispose(tensors: readonly T[]): void;
  /** Reads `x` to the host's memory and disposes of it. → makes it again on the device. */
  offload(x: T): () => T;
  /** From here on the work belongs to this operation of the program. */
  enter(label: string, module: string): void;
  /** From here on it belongs to this rollout step, which stands for `times` in a row. */
  beginStep?(rolloutStep: number, times: number): void;
}
