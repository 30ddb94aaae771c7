/** One option of the command line: flag, help and parsing follow from its definition. */
import { runtimeNames } from '../../config/choices.js';
import type { ModelKey } from '../../config/model-options.js';
import { type OptionValue, syntaxOf } from '../../config/option-value.js';
import type { RecipeKey } from '../../config/recipe-options.js';
import type { RuntimeName } from '../../config/types.js';
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

export { choice, integer, type OptionValue, text, toggle } from '../../config/option-value.js';

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
  const runtimes = sets === undefined ? runtimeNames : runtimesWith(sets.split('.').at(-1)!);
  return { name, group, value, syntax, help, ...(sets ? { sets } : {}), runtimes };
}

/** One key of the model or of the recipe, as its record in `config/` says it. */
export interface OptionRecord {
  readonly name: string;
  readonly value: OptionValue;
  readonly help: string;
  readonly syntax?: string;
}

export const fromRecord = (
  group: 'model' | 'recipe',
  key: ModelKey | RecipeKey,
  { name, value, help, syntax }: OptionRecord,
): OptionDefinition => option(group, name, value, help, `${group}.${key}`, syntax);
