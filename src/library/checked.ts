/** What a program hands to the library, looked at before a service sees it: every misuse is an `InputError`. */
import { nearest, orList, shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { Flags } from '../options/typed.js';

/** Returns the value as the services take it, or throws an `InputError` that names `where`. */
export type Check<Value> = (value: unknown, where: string) => Value;

type Fields = Readonly<Record<string, Check<unknown>>>;

type Checked<Of extends Fields> = { readonly [Key in keyof Of]?: ReturnType<Of[Key]> };

/** Never calls a method of the value: it may be anything. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text ${JSON.stringify(shown(value))}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`;
  if (typeof value !== 'object') return typeof value;
  return Array.isArray(value) ? 'an array' : 'an object';
}

const misuse = (where: string, wanted: string, value: unknown, nextSteps: readonly string[] = []): InputError =>
  new InputError('invalid-input', `${where} must be ${wanted}, not ${kindOf(value)}.`, nextSteps);

/** Own fields that are given. Maps, dates and arrays have none that anybody meant; a getter or a proxy may throw. */
function ownFields(value: unknown, where: string, example: string): readonly (readonly [string, unknown])[] {
  try {
    if (Object.prototype.toString.call(value) !== '[object Object]') throw misuse(where, 'an object', value, [example]);
    return Reflect.ownKeys(value as object).flatMap((key) => {
      if (typeof key === 'symbol') throw misuse(`A key of ${where}`, 'a text', key, [example]);
      const field = (value as Readonly<Record<string, unknown>>)[key];
      return field === undefined ? [] : [[key, field] as const];
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('invalid-input', `${where} can’t be read.`, [example]);
  }
}

/** An object with these fields and no others; those that are absent or undefined are left out. */
export function object<const Of extends Fields>(fields: Of, example: string): Check<Checked<Of>> {
  return (value, where) => {
    const checked = ownFields(value, where, example).map(([name, field]) => {
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (check === undefined) {
        const near = nearest(name, Object.keys(fields));
        throw new InputError('unknown-field', `${where} has no field ${shown(name)}.`, [
          near.length > 0 ? `It has ${orList(near)}.` : `It has none.`,
          example,
        ]);
      }
      return [name, check(field, `${where}, ${name}`)];
    });
    return Object.fromEntries(checked) as Checked<Of>;
  };
}

export const text: Check<string> = (value, where) => {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw misuse(where, 'a text', value);
};

export const truth: Check<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value;
  throw misuse(where, 'true or false', value);
};

export const oneOf =
  <const Name extends string>(...names: readonly Name[]): Check<Name> =>
  (value, where) => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    throw misuse(where, orList(names), value);
  };

/** `Infinity` where it may be as many as there are. */
export const whole =
  (maximum: number): Check<number> =>
  (value, where) => {
    if (typeof value === 'number' && value >= 1 && value <= maximum && (Number.isInteger(value) || value === maximum))
      return value;
    throw misuse(where, `a whole number from 1 to ${maximum.toLocaleString('en-US')}`, value);
  };

export const positive: Check<number> = (value, where) => {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw misuse(where, 'a number above 0', value);
};

export const signal: Check<AbortSignal> = (value, where) => {
  if (value instanceof AbortSignal) return value;
  throw misuse(where, 'an AbortSignal', value);
};

export const callback: Check<(...args: never[]) => unknown> = (value, where) => {
  if (typeof value === 'function') return value as (...args: never[]) => unknown;
  throw misuse(where, 'a function', value);
};

/** Numbers as a command line has them, never with an exponent; names are looked up by whoever knows the options. */
export const flags: Check<Flags> = (value, where) => {
  const given = ownFields(value, where, "flags: { batch: 2, precision: 'bf16' }").map(([name, flag]) => {
    if (typeof flag === 'string' || typeof flag === 'boolean') return [name, flag];
    if (typeof flag === 'number') return [name, numberText(flag)];
    throw misuse(`--${shown(name)}`, 'a text, a number or a boolean', flag);
  });
  return Object.fromEntries(given) as Flags;
};

function numberText(value: number): string {
  const written = String(value);
  const exponent = /e-(\d+)$/.exec(written);
  if (!exponent) return written.includes('e') ? BigInt(value).toString() : written;
  return value.toFixed(Math.min(100, Number(exponent[1]) + 17)).replace(/0+$/, '');
}
