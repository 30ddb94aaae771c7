/** Another code base's configuration as keys with values and lines: read by name, and what nobody asked for is known at the end. */

import { orList, shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';

export type SettingValue = string | number | boolean | null | readonly SettingValue[];

export interface Setting {
  readonly value: SettingValue;
  /** 1-based; absent where a format has no lines. */
  readonly line?: number;
}

export class Settings {
  private readonly used = new Set<string>();

  constructor(
    readonly file: string,
    private readonly settings: ReadonlyMap<string, Setting>,
  ) {}

  get keys(): readonly string[] {
    return [...this.settings.keys()];
  }

  /** The first of the keys that is there: code bases rename theirs. */
  private find(keys: readonly string[]): (Setting & { readonly key: string }) | undefined {
    for (const key of keys) {
      const setting = this.settings.get(key);
      if (setting === undefined) continue;
      this.used.add(key);
      return { key, ...setting };
    }
    return undefined;
  }

  has(...keys: readonly string[]): boolean {
    return keys.some((key) => this.settings.has(key));
  }

  wrong(key: string, reason: string, example: string): InputError {
    const { line, value } = this.settings.get(key) ?? { value: null };
    return new InputError(
      'invalid-import',
      `${shown(this.file)}${line === undefined ? '' : `:${line}`}: ${key}: ${shown(JSON.stringify(value))} ${reason}.`,
      [`${key}: ${example}`],
    );
  }

  whole(...keys: readonly string[]): number | undefined {
    const found = this.find(keys);
    if (found === undefined || found.value === null) return undefined;
    const number = typeof found.value === 'string' ? Number(found.value) : found.value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0)
      throw this.wrong(found.key, 'must be a whole number', '16');
    return number;
  }

  decimal(...keys: readonly string[]): number | undefined {
    const found = this.find(keys);
    if (found === undefined || found.value === null) return undefined;
    const number = typeof found.value === 'string' ? Number(found.value) : found.value;
    if (typeof number !== 'number' || !Number.isFinite(number)) throw this.wrong(found.key, 'must be a number', '0.6');
    return number;
  }

  isOn(...keys: readonly string[]): boolean | undefined {
    const found = this.find(keys);
    if (found === undefined || found.value === null) return undefined;
    if (typeof found.value !== 'boolean') throw this.wrong(found.key, 'must be true or false', 'true');
    return found.value;
  }

  text(...keys: readonly string[]): string | undefined {
    const found = this.find(keys);
    if (found === undefined || found.value === null) return undefined;
    if (typeof found.value === 'object') throw this.wrong(found.key, 'must be a single value', 'name');
    return String(found.value);
  }

  /** One of ours by what they call it. */
  choice<Value>(names: Readonly<Record<string, Value>>, ...keys: readonly string[]): Value | undefined {
    const found = this.find(keys);
    if (found === undefined || found.value === null) return undefined;
    const name = String(found.value);
    if (Object.hasOwn(names, name)) return names[name];
    throw this.wrong(found.key, `must be ${orList(Object.keys(names))}`, Object.keys(names)[0]!);
  }

  list(...keys: readonly string[]): readonly SettingValue[] | undefined {
    const found = this.find(keys);
    if (found === undefined || found.value === null) return undefined;
    if (!Array.isArray(found.value)) throw this.wrong(found.key, 'must be a list', '[721, 1440]');
    return found.value;
  }

  /** The keys that end so, wherever they are nested. */
  ending(end: string): readonly string[] {
    return this.keys.filter((key) => key === end || key.endsWith(`.${end}`));
  }

  /** Keys read by nobody and not known to leave memory alone, with their lines. */
  unknown(harmless: RegExp): readonly string[] {
    return [...this.settings]
      .filter(([key]) => !this.used.has(key) && !harmless.test(key))
      .map(([key, { line }]) => (line === undefined ? key : `${key} (line ${line})`));
  }
}
