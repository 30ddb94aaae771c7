/** How it is trained: a profile that sets many options at once, the runtime, and the records of `config/recipe-options.ts`. */
import { runtimeNames } from '../../config/choices.js';
import { type RecipeKey, recipeKeys, recipeOptions } from '../../config/recipe-options.js';
import { choice, fromRecord, type OptionDefinition, option, text } from './definition.js';

export const profileOptions = [
  option(
    'recipe',
    'recipe',
    text('fine-tuning'),
    'A recipe profile, e.g. fine-tuning: its options replace the model profile’s.',
    undefined,
    'NAME',
  ),
  option('recipe', 'runtime', choice(...runtimeNames), 'Whose memory rules apply.', 'runtime'),
] as const;

export const recipeDefinitions: readonly (OptionDefinition & { readonly key: RecipeKey })[] = recipeKeys.map((key) => ({
  key,
  ...fromRecord('recipe', key, recipeOptions[key]),
}));
