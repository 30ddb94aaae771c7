/** How and where it is trained: a profile that sets many options at once, the runtime, `config/recipe-options.ts`, the card. */
import { architectures, runtimeNames } from '../../config/choices.js';
import { type RecipeKey, recipeKeys, recipeOptions } from '../../config/recipe-options.js';
import { choice, fromRecord, type OptionDefinition, option, text, toggle } from './definition.js';

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

/** They set the card. */
export const deviceOptions = [
  option(
    'device',
    'gpu',
    text('a100-40gb'),
    'The card, as gc-plan profiles or nvidia-smi writes it; auto: the one of this machine.',
    'device',
    'NAME',
  ),
  option(
    'device',
    'vram',
    text('24GB'),
    'Instead of a card: its memory. GB and GiB both mean GiB, the size on the box.',
    'device',
    'SIZE',
  ),
  option(
    'device',
    'architecture',
    choice(...architectures),
    'Generation of a card given by --vram: Ampere or newer by default. Older ones have no bf16.',
    'device',
  ),
  option(
    'device',
    'reserve',
    text('1GB'),
    'Memory that other processes hold on the card, e.g. a desktop.',
    'reserveBytes',
    'SIZE',
  ),
  option(
    'device',
    'allow-tight',
    toggle,
    'Count “may fit” as fitting: exit 0 where it is expected to go in, but not the upper end of its range.',
    'allowTight',
  ),
] as const;
