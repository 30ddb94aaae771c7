/** The parts of TensorFlow.js that verification touches; the engine's are public in JavaScript, internal in its types. */
import type * as tfjs from '@tensorflow/tfjs';

export type Library = typeof tfjs;
export type Tensor = tfjs.Tensor;
export type Variable = tfjs.Variable;

export interface DataInfo {
  readonly bytes: number;
  readonly dtype: string;
}

type TrackedTensor = Pick<Tensor, 'size' | 'dtype' | 'dataId'>;

/** tfjs-core 4.22.0, engine.ts. */
export interface Engine {
  readonly state: {
    readonly tensorInfo: {
      has(dataId: object): boolean;
      get(dataId: object): (DataInfo & { readonly backend: object }) | undefined;
    };
  };
  trackTensor(tensor: TrackedTensor, backend: object): void;
  removeDataId(dataId: object, backend: object): void;
  tidy(nameOrFunction: unknown, f?: unknown): unknown;
  runKernel(name: string, ...rest: unknown[]): unknown;
  gradients(
    f: () => Tensor,
    xs: Tensor[],
    dy: Tensor | null,
    allowNoGradients: true,
  ): { value: Tensor; grads: (Tensor | null)[] };
}

/** One array of an optimizer's state. */
export interface StateArray {
  variable: Variable;
}

/** The arrays in which an optimizer keeps its state; private in its types. tfjs-core 4.22.0, optimizers/{adam,momentum}_optimizer.ts. */
export function stateOf(optimizer: tfjs.Optimizer): StateArray[] {
  const fields = optimizer as unknown as Readonly<Record<string, StateArray[] | undefined>>;
  return ['accumulatedFirstMoment', 'accumulatedSecondMoment', 'accumulations'].flatMap((name) => fields[name] ?? []);
}

/** SGD and momentum keep it in a tensor, which this method replaces; Adam in a field that its types hide (tfjs-core 4.22.0). */
export function setLearningRate(optimizer: tfjs.Optimizer, rate: number): void {
  const fields = optimizer as unknown as { learningRate: number; setLearningRate?: (rate: number) => void };
  if (fields.learningRate === rate) return;
  if (fields.setLearningRate === undefined) fields.learningRate = rate;
  else fields.setLearningRate(rate);
}

export const engineOf = (library: Library): Engine => library.engine() as unknown as Engine;
