/** The forecast as the answer to another question, and one step of it at a time. */
import { inferenceRecipe } from '../../options/inference.js';
import { trains } from '../apply.js';
import type { Strategy } from '../types.js';

export const inference: Strategy = {
  id: 'inference',
  touches: 'step',
  describe: 'Only runs the model: nothing is kept for a backward pass, no gradients, no optimizer.',
  cost: 'It is no training.',
  numerics: 'different',
  aside: true,
  changes: (config) => {
    if (!trains(config)) return [];
    const { checkpoint, ...recipe } = inferenceRecipe(config.recipe, config.model);
    return [{ recipe, checkpoint }];
  },
};

export const oneStepPerCall: Strategy = {
  id: 'one-step-per-call',
  touches: 'step',
  describe: 'Calls the model once per step, so that one step’s data and prediction are on the card at a time.',
  cost: 'A prediction goes to the host, and the next input to the card, between two steps.',
  numerics: 'same',
  changes: (config) => (trains(config) || config.recipe.rolloutSteps === 1 ? [] : [{ recipe: { rolloutSteps: 1 } }]),
};
