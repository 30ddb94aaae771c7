/** One option of the command line: flag, help and parsing follow from its definition. */
import { runtimeNames } from '../../config/choices.js';
import { type OptionValue, syntaxOf } from '../../config/option-value.js';
import type { Recipe, RuntimeName } from '../../config/types.js';
import { runtimesWith } from '../../runtimes/traits.js';

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

export { choice, fraction, integer, type OptionValue, text, toggle } from '../../config/option-value.js';

/** What an option of one command alone needs. */
export type OwnOption = Pick<OptionDefinition, 'name' | 'syntax' | 'help' | 'value'> & { readonly group?: string };

type Group = OptionDefinition['group'];

export function option<const Name extends string, const Value extends OptionValue>(
  group: Group,
  name: Name,
  value: Value,
  help: string,
  sets?: string,
  syntax = syntaxOf(value),
): OptionDefinition & { readonly name: Name; readonly value: Value } {
  const key = sets?.split('.')[1] as keyof Recipe | undefined;
  const runtimes = key === undefined ? runtimeNames : runtimesWith(key);
  return { name, group, value, syntax, help, ...(sets ? { sets } : {}), runtimes };
}

export const model = <const Name extends string, const Value extends OptionValue>(
  name: Name,
  value: Value,
  key: string,
  help: string,
  syntax?: string,
) => option('model', name, value, help, `model.${key}`, syntax);
export const recipe = <const Name extends string, const Value extends OptionValue>(
  name: Name,
  value: Value,
  key: keyof Recipe,
  help: string,
  syntax?: string,
) => option('recipe', name, value, help, `recipe.${key}`, syntax);
