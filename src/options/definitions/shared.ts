/**
 * The one table of the options that estimate, sweep, advise, solve, verify and explain share, and the options of single code bases beside
 * them. Flags, help and parsing follow from it.
 */
import { codeBases } from '../../models/index.js';
import { type OptionDefinition, option } from './definition.js';
import { deviceOptions } from './device.js';
import { graphOptions, modelDefinitions } from './model.js';
import { profileOptions, recipeDefinitions } from './recipe.js';
import { reportOptions } from './report.js';

/** Of every model, as far as its code base and its runtime have them. */
export const sharedOptions: readonly OptionDefinition[] = [
  ...modelDefinitions,
  ...graphOptions,
  ...profileOptions,
  ...recipeDefinitions,
  ...deviceOptions,
  ...reportOptions,
];

/** Of single code bases, those that are registered now. */
export const ownOptions = (): readonly OptionDefinition[] =>
  codeBases().flatMap(({ options = [], layouts }) =>
    options.map(({ name, key, value, help }) =>
      option('model', name, value, `${labels(layouts)}: ${help}`, `model.own.${key}`),
    ),
  );

const labels = (layouts: Readonly<Record<string, { readonly label: string }>>): string =>
  Object.values(layouts)
    .map(({ label }) => label)
    .join(', ');

export const allOptions = (): readonly OptionDefinition[] => [...sharedOptions, ...ownOptions()];
