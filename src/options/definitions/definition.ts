/** One option of the command line: flag, help and parsing follow from its definition. */
import { optionRuntimes } from '../../config/capabilities.js';
import { runtimeNames } from '../../config/choices.js';
import type { NumberRange } from '../../config/numbers.js';
import type { Recipe, RuntimeName } from '../../config/types.js';

export type OptionValue =
  | { readonly kind: 'integer' | 'decimal'; readonly range: NumberRange }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Parsed by whoever knows its grammar: a grid, a checkpoint plan, a size, a name. */
  | { readonly kind: 'text'; readonly example: string }
  | { readonly kind: 'switch'; readonly negatable: boolean };

export interface OptionDefinition {
  /** Without dashes. */
  readonly name: string;
  readonly group: 'model' | 'recipe' | 'device' | 'report';
  readonly value: OptionValue;
  /** How the value is written, e.g. `LATxLON`; empty for switches. */
  readonly syntax: string;
  /** What it means, its unit and its effect on memory. */
  readonly help: string;
  /** The key of a report's config that it sets; absent where it only steers output. */
  readonly sets?: string;
  readonly runtimes: readonly RuntimeName[];
}

/** What an option of one command alone needs. */
export type OwnOption = Pick<OptionDefinition, 'name' | 'syntax' | 'help' | 'value'> & { readonly group?: string };

export const integer = (minimum: number, maximum: number, example: string): OptionValue => ({
  kind: 'integer',
  range: { minimum, maximum, example },
});
export const fraction = (maximum: number, example: string): OptionValue => ({
  kind: 'decimal',
  range: { minimum: 0, exclusiveMinimum: true, maximum, example },
});
export const choice = (...choices: readonly string[]): OptionValue => ({ kind: 'choice', choices });
export const text = (example: string): OptionValue => ({ kind: 'text', example });
export const toggle: OptionValue = { kind: 'switch', negatable: false };
const syntaxOf = (value: OptionValue): string =>
  value.kind === 'integer'
    ? 'N'
    : value.kind === 'decimal'
      ? 'F'
      : value.kind === 'choice'
        ? value.choices.join('|')
        : '';

type Group = OptionDefinition['group'];

export function option(
  group: Group,
  name: string,
  value: OptionValue,
  help: string,
  sets?: string,
  syntax = syntaxOf(value),
): OptionDefinition {
  const key = sets?.split('.')[1] as keyof Recipe | undefined;
  const runtimes = (key && optionRuntimes[key]) ?? runtimeNames;
  return { name, group, value, syntax, help, ...(sets ? { sets } : {}), runtimes };
}

export const model = (name: string, value: OptionValue, key: string, help: string, syntax?: string) =>
  option('model', name, value, help, `model.${key}`, syntax);
export const recipe = (name: string, value: OptionValue, key: keyof Recipe, help: string, syntax?: string) =>
  option('recipe', name, value, help, `recipe.${key}`, syntax);
