/** The library's optimizers, with GraphCast's constants (Lam et al. 2023, supplement 4.6: β 0.9 and 0.95, weight decay 0.1). */
import { offloadsOptimizer } from '../config/offload.js';
import type { Recipe } from '../config/types.js';
import { type Library, setLearningRate, stateOf, type Tensor, type Variable } from './library.js';
import { toHost } from './tfjs-ops.js';

/** Where no other is asked for. */
const usualLearningRate = 1e-3;
const beta1 = 0.9;
const beta2 = 0.95;
const weightDecay = 0.1;
const momentum = 0.9;

interface Update {
  readonly parameter: Variable;
  readonly gradient: Tensor;
}

export interface LibraryOptimizer {
  readonly apply: (updates: readonly Update[], learningRate?: number) => void;
  readonly dispose: () => void;
}

function inner(tf: Library, name: Recipe['optimizer']) {
  switch (name) {
    case 'adamw':
    case 'adamw-fused':
    case 'adam':
      return tf.train.adam(usualLearningRate, beta1, beta2);
    case 'momentum':
      return tf.train.momentum(usualLearningRate, momentum);
    case 'sgd':
      return tf.train.sgd(usualLearningRate);
    case 'none':
      return undefined;
  }
}

export function libraryOptimizer(tf: Library, recipe: Pick<Recipe, 'optimizer' | 'offload'>): LibraryOptimizer {
  const { optimizer } = recipe;
  const hasState = optimizer !== 'sgd' && optimizer !== 'none';
  return offloadsOptimizer(recipe) && hasState ? offloaded(tf, optimizer) : onDevice(tf, optimizer);
}

/** An optimizer for each parameter, whose state is on the device while it updates that parameter. */
function offloaded(tf: Library, name: Recipe['optimizer']): LibraryOptimizer {
  const optimizers = new Map<Variable, { readonly optimizer: OnDevice; bringBack: () => void }>();
  return {
    apply(updates, learningRate) {
      for (const update of updates) {
        const { parameter } = update;
        const each = optimizers.get(parameter) ?? { optimizer: onDevice(tf, name), bringBack: () => {} };
        optimizers.set(parameter, each);
        each.bringBack();
        each.optimizer.apply([update], learningRate);
        each.bringBack = each.optimizer.stateToHost();
      }
    },
    dispose() {
      for (const { optimizer } of optimizers.values()) optimizer.dispose();
    },
  };
}

interface OnDevice extends LibraryOptimizer {
  /** → fills the state's arrays again. */
  readonly stateToHost: () => () => void;
}

function onDevice(tf: Library, name: Recipe['optimizer']): OnDevice {
  const optimizer = inner(tf, name);
  const decays = name === 'adamw' || name === 'adamw-fused';
  return {
    apply(updates, learningRate = usualLearningRate) {
      if (optimizer !== undefined) setLearningRate(optimizer, learningRate);
      // The library has no AdamW: decoupled decay shrinks each parameter before Adam's step.
      if (decays)
        for (const { parameter } of updates)
          tf.tidy(() => parameter.assign(tf.mul(parameter, 1 - learningRate * weightDecay)));
      optimizer?.applyGradients(updates.map(({ parameter, gradient }) => ({ name: parameter.name, tensor: gradient })));
    },
    stateToHost() {
      const arrays = optimizer === undefined ? [] : stateOf(optimizer);
      const waiting = arrays.map((array) => ({ array, bringBack: toHost(tf, array.variable) }));
      return () => {
        for (const { array, bringBack } of waiting) array.variable = tf.tidy(() => tf.variable(bringBack(), false));
      };
    },
    dispose: () => optimizer?.dispose(),
  };
}
