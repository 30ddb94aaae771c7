/** What an option takes: a number in a range, one of a few words, text with a grammar of its own, or nothing. */
import type { NumberRange } from './numbers.js';

export type OptionValue =
  | { readonly kind: 'integer' | 'decimal'; readonly range: NumberRange }
  /** `others`: what else the code base names, and why it is none of the choices; a clause. */
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly others?: string }
  /** Parsed by whoever knows its grammar: a grid, a checkpoint plan, a size, a name. */
  | { readonly kind: 'text'; readonly example: string }
  | { readonly kind: 'switch'; readonly negatable: boolean };

// They keep their literal types: what a flag may be in the library is read off the tables of options.
export const integer = (minimum: number, maximum: number, example: string) =>
  ({ kind: 'integer', range: { minimum, maximum, example } }) as const;
export const fraction = (maximum: number, example: string) =>
  ({ kind: 'decimal', range: { minimum: 0, exclusiveMinimum: true, maximum, example } }) as const;
export const choice = <const Choices extends readonly string[]>(...choices: Choices) =>
  ({ kind: 'choice', choices }) as const;
export const text = (example: string) => ({ kind: 'text', example }) as const;
export const negatable = { kind: 'switch', negatable: true } as const;
export const toggle = { kind: 'switch', negatable: false } as const;

/** What a value is once it is parsed by its own definition. */
export type ValueOf<Value extends OptionValue> = Value extends { readonly kind: 'integer' | 'decimal' }
  ? number
  : Value extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
    ? Choice
    : Value extends { readonly kind: 'switch' }
      ? boolean
      : string;

/** How it is written where nothing else is said. */
export const syntaxOf = (value: OptionValue): string =>
  value.kind === 'integer'
    ? 'N'
    : value.kind === 'decimal'
      ? 'F'
      : value.kind === 'choice'
        ? value.choices.join('|')
        : '';
