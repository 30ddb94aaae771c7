/** One option at a time: found by name, its typed value checked against its own definition. */

import { nearest, orList, shown } from '../config/nearest.js';
import { parseDecimal, parseInteger } from '../config/numbers.js';
import { InputError } from '../errors.js';
import type { OptionDefinition, OptionValue } from './definitions/definition.js';
import { allOptions, ownOptions, sharedOptions } from './definitions/shared.js';

const byName = new Map(sharedOptions.map((definition) => [definition.name, definition]));

export function findOption(name: string): OptionDefinition {
  const definition = byName.get(name) ?? ownOptions().find((own) => own.name === name);
  if (definition) return definition;
  const near = nearest(
    name,
    allOptions().map((known) => known.name),
  );
  throw new InputError(
    'unknown-option',
    `--${shown(name)}: there is no such option.`,
    near.map((known) => `--${known}`),
  );
}

function parseChoice(
  value: string,
  name: string,
  { choices, others }: Extract<OptionValue, { kind: 'choice' }>,
): string {
  if (choices.includes(value)) return value;
  const why = others === undefined ? '' : `; ${others}`;
  throw new InputError(
    'unknown-choice',
    `${name} ${shown(value)}: must be ${orList(choices)}${why}.`,
    nearest(value, choices, 2).map((near) => `${name} ${near}`),
  );
}

export type ParsedValue = string | number | boolean;

/** One typed value, checked against its own definition only. */
export function parseOption(
  definition: Pick<OptionDefinition, 'name' | 'syntax' | 'value'>,
  typed: string | boolean,
): ParsedValue {
  const name = `--${definition.name}`;
  const { value } = definition;
  if (value.kind === 'switch') {
    if (typeof typed === 'boolean') return typed;
    throw new InputError('unexpected-value', `${name} ${shown(typed)}: this option takes no value.`, [name]);
  }
  if (typeof typed === 'boolean' || typed.trim() === '') {
    throw new InputError('missing-value', `${name} needs a value: ${definition.syntax}.`, [
      `${name} ${exampleOf(value)}`,
    ]);
  }
  switch (value.kind) {
    case 'integer':
      return parseInteger(typed, name, value.range);
    case 'decimal':
      return parseDecimal(typed, name, value.range);
    case 'choice':
      return parseChoice(typed.trim(), name, value);
    case 'text':
      return typed.trim();
  }
}

function exampleOf(value: Exclude<OptionValue, { kind: 'switch' }>): string {
  switch (value.kind) {
    case 'choice':
      return value.choices[0]!;
    case 'text':
      return value.example;
    default:
      return value.range.example;
  }
}
