/** What an option takes: a number in a range, one of a few words, text with a grammar of its own, or nothing. */
import type { NumberRange } from './numbers.js';

export type OptionValue =
  | { readonly kind: 'integer' | 'decimal'; readonly range: NumberRange }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Parsed by whoever knows its grammar: a grid, a checkpoint plan, a size, a name. */
  | { readonly kind: 'text'; readonly example: string }
  | { readonly kind: 'switch'; readonly negatable: boolean };

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
/** How it is written where nothing else is said. */
export const syntaxOf = (value: OptionValue): string =>
  value.kind === 'integer'
    ? 'N'
    : value.kind === 'decimal'
      ? 'F'
      : value.kind === 'choice'
        ? value.choices.join('|')
        : '';
