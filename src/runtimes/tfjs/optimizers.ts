/**
 * What the optimizers of TensorFlow.js allocate. Source: tfjs-core 4.22.0, optimizers/*_optimizer.ts. Adam updates all variables in
 * one scope: eleven temporaries of the size of the parameters are alive beside parameters, gradients and two moments at its end.
 */
import type { Recipe } from '../../config/types.js';
import type { SymbolicTensor } from './engine.js';
import type { SymbolicOps } from './symbolic.js';

type T = SymbolicTensor;

export interface Slot {
  readonly parameter: T;
  /** Moments or the accumulated velocity. */
  readonly state: readonly T[];
}

export interface SymbolicOptimizer {
  readonly numStatesPerParameter: number;
  /** Arrays of its own, made with it. */
  readonly setup: (ops: SymbolicOps) => readonly T[];
  readonly apply: (ops: SymbolicOps, own: readonly T[], slots: readonly (Slot & { readonly gradient: T })[]) => void;
}

const adam: SymbolicOptimizer = {
  numStatesPerParameter: 2,
  setup: ({ engine }) => [
    engine.variable([], 'accumulated beta 1', 'optimizer'),
    engine.variable([], 'accumulated beta 2', 'optimizer'),
  ],
  apply(ops, own, slots) {
    const { engine } = ops;
    const beta = 0.5;
    ops.tidy(() => {
      const [oneMinusBeta1, oneMinusBeta2] = own.map((accumulated) => ops.sub(1, accumulated));
      for (const { parameter, state, gradient } of slots) {
        const [firstMoment, secondMoment] = state;
        const newFirst = ops.add(ops.mul(firstMoment!, beta), ops.mul(gradient, beta));
        const newSecond = ops.add(ops.mul(secondMoment!, beta), ops.mul(ops.square(gradient), beta));
        const correctedFirst = ops.div(newFirst, oneMinusBeta1!);
        const correctedSecond = ops.div(newSecond, oneMinusBeta2!);
        engine.assign(firstMoment!, newFirst);
        engine.assign(secondMoment!, newSecond);
        const direction = ops.div(correctedFirst, ops.add(ops.sqrt(correctedSecond), beta));
        engine.assign(parameter, ops.add(ops.mul(direction, beta), parameter));
      }
      for (const accumulated of own) engine.assign(accumulated, ops.mul(accumulated, beta));
      return [];
    });
  },
};

/** TensorFlow.js has no AdamW: the decay is decoupled by shrinking each parameter before Adam's own step (Loshchilov & Hutter 2019). */
const adamw: SymbolicOptimizer = {
  ...adam,
  apply(ops, own, slots) {
    for (const { parameter } of slots) decay(ops, parameter);
    adam.apply(ops, own, slots);
  },
};

function decay(ops: SymbolicOps, parameter: T): void {
  ops.tidy(() => {
    ops.engine.assign(parameter, ops.mul(parameter, 0.5));
    return [];
  });
}

const momentum: SymbolicOptimizer = {
  numStatesPerParameter: 1,
  setup: ({ engine }) => [
    engine.variable([], 'learning rate', 'optimizer'),
    engine.variable([], 'momentum', 'optimizer'),
  ],
  apply(ops, [learningRate, decayRate], slots) {
    for (const { parameter, state, gradient } of slots)
      ops.tidy(() => {
        const velocity = ops.add(ops.mul(decayRate!, state[0]!), gradient);
        const value = ops.add(ops.mul(learningRate!, velocity), parameter);
        ops.engine.assign(state[0]!, velocity);
        ops.engine.assign(parameter, value);
        return [];
      });
  },
};

const sgd: SymbolicOptimizer = {
  numStatesPerParameter: 0,
  setup: ({ engine }) => [engine.variable([], 'learning rate', 'optimizer')],
  apply(ops, [learningRate], slots) {
    for (const { parameter, gradient } of slots)
      ops.tidy(() => {
        ops.engine.assign(parameter, ops.add(ops.mul(learningRate!, gradient), parameter));
        return [];
      });
  },
};

const none: SymbolicOptimizer = { numStatesPerParameter: 0, setup: () => [], apply: () => {} };

export const symbolicOptimizers: Readonly<Record<Recipe['optimizer'], SymbolicOptimizer>> = {
  adamw,
  adam,
  sgd,
  momentum,
  none,
  // A fused kernel exists in PyTorch only; the configuration rejects it for this runtime.
  'adamw-fused': adamw,
};
