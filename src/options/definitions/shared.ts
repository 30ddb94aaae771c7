/**
 * The one table of the options that estimate, sweep, advise, solve, verify and explain share, and the options of single code bases beside
 * them. Flags, help and parsing follow from it.
 */
import { codeBases } from '../../models/index.js';
import { model, type OptionDefinition } from './definition.js';
import { deviceOptions } from './device.js';
import { modelOptions } from './model.js';
import { recipeOptions } from './recipe.js';
import { reportOptions } from './report.js';

/** Of every model, as far as its code base and its runtime have them. */
export const sharedOptions: readonly OptionDefinition[] = [
  ...modelOptions,
  ...recipeOptions,
  ...deviceOptions,
  ...reportOptions,
];

/** Of single code bases, those that are registered now. */
export const ownOptions = (): readonly OptionDefinition[] =>
  codeBases().flatMap(({ options = [], layouts }) =>
    options.map(({ name, key, value, help }) => model(name, value, `own.${key}`, `${labels(layouts)}: ${help}`)),
  );

const labels = (layouts: Readonly<Record<string, { readonly label: string }>>): string =>
  Object.values(layouts)
    .map(({ label }) => label)
    .join(', ');

export const allOptions = (): readonly OptionDefinition[] => [...sharedOptions, ...ownOptions()];
