import { tapes } from '../config/choices.js';
import type { Strategy } from './types.js';

export const tape: Strategy = {
  id: 'tape',
  touches: 'step',
  describe: 'Fewer arrays on TensorFlow.js’s tape: fused matMul, or custom gradients that keep less.',
  cost: 'lean computes activations and norms again.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    runtime === 'tfjs'
      ? tapes.filter((value) => value !== recipe.tape).map((value) => ({ recipe: { tape: value } }))
      : [],
  code: ({ recipe }) => [{ where: 'TensorFlow.js', text: `gc-plan verify --runtime tfjs --tape ${recipe.tape}` }],
};
