/**
 * The one table of the options that estimate, sweep, advise, solve, verify and explain share, and the options of single code bases beside
 * them. Flags, help and parsing follow from it.
 */
import type { OwnOption } from '../../models/code-base.js';
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

/** Of single code bases, those that are registered now; one that several have is one option. */
export function ownOptions(): readonly OptionDefinition[] {
  const known = new Map<string, { readonly own: OwnOption; readonly labels: string[] }>();
  for (const { options = [], layouts } of codeBases())
    for (const own of options) {
      const { labels } = known.get(own.name) ?? known.set(own.name, { own, labels: [] }).get(own.name)!;
      labels.push(...Object.values(layouts).map(({ label }) => label));
    }
  return [...known.values()].map(({ own: { name, key, value, help }, labels }) =>
    option('model', name, value, `${labels.join(', ')}: ${help}`, `model.own.${key}`),
  );
}

export const allOptions = (): readonly OptionDefinition[] => [...sharedOptions, ...ownOptions()];
