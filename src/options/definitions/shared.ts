/**
 * The one table of the options that estimate, sweep, advise, solve, verify and explain share, and the options of single code bases beside
 * them. Flags, help and parsing follow from it.
 */
import type { OwnOption } from '../../models/code-base.js';
import { codeBases } from '../../models/index.js';
import { choice, type OptionDefinition, option, text, toggle } from './definition.js';
import { graphOptions, modelDefinitions } from './model.js';
import { deviceOptions, profileOptions, recipeDefinitions } from './recipe.js';

/** How the answer is printed: the options that steer output alone. */
const reportOptions = [
  option('report', 'json', toggle, 'One JSON document on stdout and nothing else. Wins over --format.'),
  option(
    'report',
    'output',
    text('report.json'),
    'Write the report to this file instead of stdout.',
    undefined,
    'FILE',
  ),
  option('report', 'format', choice('table', 'json', 'html', 'github'), 'How the report is rendered.'),
] as const;

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
