/** The one table of the options that estimate, sweep, advise, solve, verify and explain share. Flags, help and parsing follow from it. */
import type { OptionDefinition } from './definition.js';
import { deviceOptions } from './device.js';
import { modelOptions } from './model.js';
import { recipeOptions } from './recipe.js';
import { reportOptions } from './report.js';

export const sharedOptions: readonly OptionDefinition[] = [
  ...modelOptions,
  ...recipeOptions,
  ...deviceOptions,
  ...reportOptions,
];
