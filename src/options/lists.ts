/** How sweep reads one option: `256,512` · `4..16:4` · `256..1024:x2` · `1..3`, and mixtures of them. */

import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { OptionDefinition } from './definitions/definition.js';
import { parseOption } from './option-values.js';

/** A million candidates come from several options together; one option with more values is a slip. */
const maximumValues = 100_000;

const invalidRange = (definition: OptionDefinition, part: string, reason: string): InputError =>
  new InputError('invalid-range', `--${definition.name} ${shown(part)}: ${reason}`, [
    `--${definition.name} 256..1024:x2`,
    `--${definition.name} 4..16:4`,
  ]);

function expandRange(definition: OptionDefinition, part: string): readonly string[] {
  const match = /^([\d.]+?)\.\.([\d.]+)(?::(x?)([\d.]+))?$/.exec(part);
  if (!match) throw invalidRange(definition, part, 'a range is FROM..TO, FROM..TO:STEP or FROM..TO:xFACTOR.');
  const [, fromText = '', toText = '', multiply, stepText = '1'] = match;
  const [from, to] = [fromText, toText].map((end) => Number(parseOption(definition, end))) as [number, number];
  const step = Number(stepText);
  if (to < from) throw invalidRange(definition, part, `${toText} is below ${fromText}.`);
  if (multiply ? !(step > 1) || from === 0 : !(step > 0))
    throw invalidRange(
      definition,
      part,
      'the step must be above 0, a factor above 1, and a factor needs a start above 0.',
    );
  const values: string[] = [];
  for (let index = 0; ; index++) {
    // From the index, not by repeated addition: 0.1 + 0.1 + 0.1 is not 0.3.
    const value = Number((multiply ? from * step ** index : from + step * index).toPrecision(12));
    if (value > to) return values;
    if (values.length === maximumValues)
      throw invalidRange(definition, part, `that is more than ${maximumValues.toLocaleString('en-US')} values.`);
    parseOption(definition, String(value));
    values.push(String(value));
  }
}

/** The values to try, in the order given, each once. Single numbers and choices are checked here; grids, plans and names where they are resolved. */
export function parseValues(definition: OptionDefinition, text: string): readonly string[] {
  const isNumber = definition.value.kind === 'integer' || definition.value.kind === 'decimal';
  const values = new Set<string>();
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') throw invalidRange(definition, text, 'an empty value between commas.');
    if (isNumber && part.includes('..')) for (const value of expandRange(definition, part)) values.add(value);
    else values.add(String(parseOption(definition, part)));
  }
  return [...values];
}
