/**
 * What the optimizers of TensorFlow.js allocate. Source: tfjs-core 4.22.0, optimizers/*_optimizer.ts. Adam updates all variables in
 * one scope: eleven temporaries of the size of the parameters are alive beside parameters, gradients and two moments at its end.
 */
import { offloadsOptimizer } from '../../config/offload.js';
import type { Recipe } from '../../config/types.js';
import type { SymbolicOps } from './symbolic.js';
import type { SymbolicTensor } from './symbolic-tensor.js';

type T = SymbolicTensor;

export interface Update {
  readonly parameter: T;
  readonly gradient: T;
}

interface Slot extends Update {
  /** Moments or the accumulated velocity. */
  readonly state: readonly T[];
}

interface SymbolicOptimizer {
  readonly numStatesPerParameter: number;
  /** Arrays of its own, made with it. */
  readonly setup: (ops: SymbolicOps) => readonly T[];
  readonly apply: (ops: SymbolicOps, own: readonly T[], slots: readonly Slot[]) => void;
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

const optimizers: Readonly<Record<Recipe['optimizer'], SymbolicOptimizer>> = {
  adamw,
  adam,
  sgd,
  momentum,
  none,
  // These exist in PyTorch only; the configuration rejects them for this runtime.
  'adamw-fused': adamw,
  'adamw-8bit': adamw,
  adafactor: none,
};

export interface TrainedParameter {
  readonly parameter: T;
  readonly name: string;
}

/**
 * Makes what the optimizer keeps between steps. → the update of all parameters. On the host, each parameter has an optimizer of its
 * own, whose state is on the device while it updates that parameter.
 */
export function symbolicOptimizer(
  ops: SymbolicOps,
  recipe: Pick<Recipe, 'optimizer' | 'offload'>,
  parameters: readonly TrainedParameter[],
): (updates: readonly Update[]) => void {
  const { setup, apply, numStatesPerParameter } = optimizers[recipe.optimizer];
  const statesOf = ({ parameter, name }: TrainedParameter) =>
    Array.from({ length: numStatesPerParameter }, () =>
      ops.engine.variable(parameter.shape, `optimizer state of ${name}`, 'optimizer'),
    );
  if (offloadsOptimizer(recipe) && numStatesPerParameter > 0) {
    const waiting = new Map(
      parameters.map((each) => [
        each.parameter,
        { own: setup(ops), state: statesOf(each).map((state) => ops.offload(state)) },
      ]),
    );
    return (updates) => {
      for (const update of updates) {
        const ofParameter = waiting.get(update.parameter)!;
        const state = ofParameter.state.map((bringBack) => bringBack());
        apply(ops, ofParameter.own, [{ ...update, state }]);
        ofParameter.state = state.map((each) => ops.offload(each));
      }
    };
  }
  const own = setup(ops);
  const states = new Map(parameters.map((each) => [each.parameter, statesOf(each)]));
  return (updates) =>
    apply(
      ops,
      own,
      updates.map((update) => ({ ...update, state: states.get(update.parameter)! })),
    );
}
