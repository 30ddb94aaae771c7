/** The library's optimizers, with GraphCast's constants (Lam et al. 2023, supplement 4.6: β 0.9 and 0.95, weight decay 0.1). */
import type { Recipe } from '../config/types.js';
import type { Library, Tensor, Variable } from './library.js';

const learningRate = 1e-3;
const beta1 = 0.9;
const beta2 = 0.95;
const weightDecay = 0.1;
const momentum = 0.9;

export interface LibraryOptimizer {
  readonly apply: (updates: readonly { readonly parameter: Variable; readonly gradient: Tensor }[]) => void;
  readonly dispose: () => void;
}

function inner(tf: Library, name: Recipe['optimizer']) {
  switch (name) {
    case 'adamw':
    case 'adamw-fused':
    case 'adam':
      return tf.train.adam(learningRate, beta1, beta2);
    case 'momentum':
      return tf.train.momentum(learningRate, momentum);
    case 'sgd':
      return tf.train.sgd(learningRate);
    case 'none':
      return undefined;
  }
}

export function libraryOptimizer(tf: Library, name: Recipe['optimizer']): LibraryOptimizer {
  const optimizer = inner(tf, name);
  const decays = name === 'adamw' || name === 'adamw-fused';
  return {
    apply(updates) {
      // The library has no AdamW: decoupled decay shrinks each parameter before Adam's step.
      if (decays)
        for (const { parameter } of updates)
          tf.tidy(() => parameter.assign(tf.mul(parameter, 1 - learningRate * weightDecay)));
      optimizer?.applyGradients(updates.map(({ parameter, gradient }) => ({ name: parameter.name, tensor: gradient })));
    },
    dispose: () => optimizer?.dispose(),
  };
}
