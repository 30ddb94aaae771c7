import { valuesByRuntime } from '../config/capabilities.js';
import type { Config, Precision, Recipe } from '../config/types.js';
import { madeToRun } from '../models/refusals.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

const amp = (dtype: string): string => `with torch.autocast("cuda", dtype=torch.${dtype}):`;

function inPyTorch(precision: Precision): string {
  switch (precision) {
    case 'fp32':
      return 'torch.autocast("cuda", enabled=False)';
    case 'bf16':
      return amp('bfloat16');
    case 'fp16':
      return `scaler = torch.amp.GradScaler()\n${amp('float16')}`;
    case 'bf16-full':
      return 'model.to(torch.bfloat16)';
  }
}

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
    valuesByRuntime.precision[config.runtime]
      .filter((value) => value !== config.recipe.precision)
      .map((value) => ({ recipe: inPrecision(value, config) })),
  code: inRuntimes({ pytorch: ({ recipe }) => [{ where: 'PyTorch', text: inPyTorch(recipe.precision) }] }),
};
