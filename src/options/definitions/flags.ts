/** Flags as a program writes them: the type of each follows from its option's definition. */
import type { modelOptions } from '../../config/model-options.js';
import type { recipeOptions } from '../../config/recipe-options.js';
import type { OptionValue } from './definition.js';
import type { graphOptions } from './model.js';
import type { deviceOptions, profileOptions } from './recipe.js';

/** Numbers may be strings as well, as a command line has them. */
type FlagValue<Value extends OptionValue> = Value extends { readonly kind: 'integer' | 'decimal' }
  ? number | string
  : Value extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
    ? Choice | (Choice extends `${infer Amount extends number}` ? Amount : never)
    : Value extends { readonly kind: 'text' }
      ? string | number
      : boolean;

type ValuesOf<Table> = Table[keyof Table];
type Definition =
  | ValuesOf<typeof modelOptions>
  | ValuesOf<typeof recipeOptions>
  | (typeof graphOptions | typeof profileOptions | typeof deviceOptions)[number];

/** One value each. */
export type FlagValues = {
  readonly [Each in Definition as Each['name']]?: FlagValue<Each['value']> | undefined;
};

/** Each a value, a list or a range: `256,512`, `4..16:4`. */
export type FlagLists = {
  readonly [Each in Definition as Each['name']]?: string | number | boolean | undefined;
};
