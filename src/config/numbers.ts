/** Numbers and sizes as people type them. `name` is what a message calls the value, e.g. `--layers`; every failure says what to write instead. */
import { InputError } from '../errors.js';
import { type Bytes, bytes, GiB, KiB, MiB } from '../units.js';
import { shown } from './nearest.js';

export interface NumberRange {
  readonly minimum: number;
  readonly maximum: number;
  /** The smallest value itself is not allowed, e.g. a fraction above 0. */
  readonly exclusiveMinimum?: boolean;
  readonly example: string;
}

/** Lists and ranges are sweep's: say so instead of only "not a number". */
const nextSteps = (text: string, name: string, range: NumberRange): readonly string[] => [
  `${name} ${range.example}`,
  ...(/[,]|\.\./.test(text) ? ['Lists and ranges of values are for gc-plan sweep.'] : []),
];

const describe = ({ minimum, maximum, exclusiveMinimum }: NumberRange): string =>
  exclusiveMinimum ? `above ${minimum} and at most ${maximum}` : `from ${minimum} to ${maximum}`;

function inRange(value: number, range: NumberRange, name: string, kind: string, text: string): number {
  if (value > range.maximum || value < range.minimum || (range.exclusiveMinimum && value === range.minimum)) {
    throw new InputError('out-of-range', `${name} ${shown(text)}: must be ${kind} ${describe(range)}.`, [
      `${name} ${range.example}`,
    ]);
  }
  return value;
}

export function parseInteger(text: string, name: string, range: NumberRange): number {
  const trimmed = text.trim();
  if (!/^[+-]?\d+$/.test(trimmed)) {
    throw new InputError(
      'not-a-whole-number',
      `${name} ${shown(text)}: must be a whole number ${describe(range)}.`,
      nextSteps(text, name, range),
    );
  }
  return inRange(Number(trimmed), range, name, 'a whole number', text);
}

export function parseDecimal(text: string, name: string, range: NumberRange): number {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed)) {
    throw new InputError(
      'not-a-number',
      `${name} ${shown(text)}: must be a number ${describe(range)}.`,
      nextSteps(text, name, range),
    );
  }
  return inRange(Number(trimmed), range, name, 'a number', text);
}

/** GB and GiB both mean GiB: the size on the box. */
const unitBytes: Readonly<Record<string, number>> = {
  b: 1,
  kb: KiB,
  kib: KiB,
  mb: MiB,
  mib: MiB,
  gb: GiB,
  gib: GiB,
  tb: 1024 * GiB,
  tib: 1024 * GiB,
};

/** Beyond any memory of one card; keeps every sum of sizes an exact integer. */
const largestSizeBytes = 1024 * 1024 * GiB;

/** `24GB`, `512 MiB`. */
export function parseSize(text: string, name: string, example = '24GB'): Bytes {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))\s*([a-z]*)$/i.exec(text.trim());
  const unit = match?.[2]?.toLowerCase();
  const amount = Number(match?.[1]);
  if (unit === '' && amount > 0) {
    throw new InputError(
      'size-without-unit',
      `${name} ${shown(text)}: a size needs its unit. GB and GiB both mean GiB here.`,
      [`${name} ${amount}GB`],
    );
  }
  const perUnit = unit === '' ? 1 : unitBytes[unit ?? 'none'];
  if (perUnit === undefined) {
    throw new InputError('not-a-size', `${name} ${shown(text)}: must be a number and a unit: MB, GB or TB.`, [
      `${name} ${example}`,
    ]);
  }
  const size = Math.round(amount * perUnit);
  if (size < 0)
    throw new InputError('negative-size', `${name} ${shown(text)}: a size can't be negative.`, [`${name} ${example}`]);
  if (size > largestSizeBytes)
    throw new InputError('size-too-large', `${name} ${shown(text)}: no card is larger than 1 PiB.`, [
      `${name} ${example}`,
    ]);
  return bytes(size);
}

/** Those of a whole number, ascending, 1 and the number itself among them. */
export function divisorsOf(number: number): readonly number[] {
  const small: number[] = [];
  for (let divisor = 1; divisor * divisor <= number; divisor++) if (number % divisor === 0) small.push(divisor);
  const large = small.map((divisor) => number / divisor).filter((divisor) => divisor * divisor > number);
  return [...small, ...large.reverse()];
}
