import type { Config, Precision, Recipe } from '../../config/types.js';
import { madeToRun } from '../../models/refusals.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import type { Strategy } from '../types.js';

/** With what the code base does not run in it, e.g. PhysicsNeMo's recompute_activation under autocast. */
function inPrecision(value: Precision, config: Config): Partial<Recipe> {
  const recipe = { ...config.recipe, precision: value };
  const { recomputeActivation } = madeToRun({ ...config, recipe }, ['precision']);
  return { precision: value, ...(recomputeActivation !== recipe.recomputeActivation && { recomputeActivation }) };
}

export const precision: Strategy = {
  id: 'precision',
  touches: 'step',
  describe: 'Holds activations, and with bf16-full everything, in 16 bits.',
  cost: 'Rounding to 8 (bf16) or 11 (fp16) significant bits; fp16 needs loss scaling.',
  numerics: 'rounding',
  changes: (config) =>
    runtimeTraits[config.runtime].precision
      .filter((value) => value !== config.recipe.precision)
      .map((value) => ({ recipe: inPrecision(value, config) })),
};
