/** Another code base's configuration as keys with values and lines: read by name, and what nobody asked for is known at the end. */
import { orList, shown } from '../../config/nearest.js';
import type { NumberRange } from '../../config/numbers.js';
import { InputError } from '../../errors.js';

export type SettingValue = string | number | boolean | null | readonly SettingValue[];

export interface Setting {
  readonly value: SettingValue;
  /** 1-based; absent where a format has no lines. */
  readonly line?: number;
  /** A file beside the imported one, or a shipped group; absent: the imported file itself. */
  readonly origin?: string;
}

/** How a line of the file is written, so that a suggestion can be pasted into it. */
export type Syntax = 'yaml' | 'json' | 'arguments';

const lineIn: Readonly<Record<Syntax, (key: string, value: string) => string>> = {
  yaml: (key, value) => `${key}: ${value}`,
  json: (key, value) => `"${key}": ${value}`,
  arguments: (key, value) => `--${key} ${value}`,
};

/** What is known of the command line while a file is read. */
export interface TypedFlags {
  /** Names of those that were typed: each replaces what the file says, also what cannot be read. */
  readonly typed: ReadonlySet<string>;
  /** A file's numbers keep the limits of the flag that they stand for. */
  readonly rangeOf: (flag: string) => NumberRange | undefined;
  /** What was typed, where it is one whole number. */
  readonly numberOf: (flag: string) => number | undefined;
}

/** A value that the file names and that only the job itself knows. */
export interface OpenValue {
  readonly flag: string;
  /** What to type, and what stands in the file: `--hidden-dim 512   model.num_channels is ${oc.env:WIDTH} (config.yaml:3)`. */
  readonly ask: string;
}

/** A value that only the job itself knows: an environment variable, or a key that nothing defines. */
const isElsewhere = (value: SettingValue): boolean => typeof value === 'string' && /\$/.test(value);
/** Hydra's "must be given". */
const isMissing = (value: SettingValue): boolean => value === null || value === '???';

export class Settings {
  private readonly used = new Set<string>();
  private readonly openByFlag = new Map<string, OpenValue>();
  /** Of a view: the flag whose value is read, and what stands before each key. */
  private readonly flag: string | undefined = undefined;
  private readonly hasOtherLimits: boolean = false;
  private readonly prefix: string = '';

  constructor(
    readonly file: string,
    private readonly settings: ReadonlyMap<string, Setting>,
    private readonly syntax: Syntax,
    private readonly flags: TypedFlags,
  ) {}

  /** The values that this flag replaces, within its limits. */
  for(flag: string): Settings {
    return Object.assign(Object.create(this) as Settings, { flag });
  }

  /** The values that this flag replaces and from which its own is made: layers beyond the first, a half of two. */
  partOf(flag: string): Settings {
    return Object.assign(Object.create(this) as Settings, { flag, hasOtherLimits: true });
  }

  /** The flag's value, where it is typed and one whole number. */
  typedNumber(flag: string): number | undefined {
    return this.flags.numberOf(flag);
  }

  /** What was read and only the job knows, no flag in its place: asked for together at the end. */
  get open(): readonly OpenValue[] {
    return [...this.openByFlag.values()];
  }

  /** The keys below `prefix`, by the rest of their names. */
  below(prefix: string): Settings {
    return Object.assign(Object.create(this) as Settings, { prefix });
  }

  get keys(): readonly string[] {
    return [...this.settings.keys()];
  }

  /** The first of the keys that is there and says something: code bases rename theirs. */
  private find(keys: readonly string[]): (Setting & { readonly key: string }) | undefined {
    for (const name of keys) {
      const key = this.prefix + name;
      const setting = this.settings.get(key);
      if (setting === undefined) continue;
      this.used.add(key);
      if (!isMissing(setting.value)) return { key, ...setting };
    }
    return undefined;
  }

  has(...keys: readonly string[]): boolean {
    return keys.some((key) => this.settings.has(this.prefix + key));
  }

  private place(key: string): string {
    const { line, origin } = this.settings.get(key) ?? {};
    return `${shown(origin ?? this.file)}${line === undefined ? '' : `:${line}`}`;
  }

  /** ` (from the shipped group graph/multi_scale)`, where the first of the keys that is there stands elsewhere. */
  originOf(...keys: readonly string[]): string {
    const origin = keys.map((key) => this.settings.get(this.prefix + key)).find((setting) => setting)?.origin;
    return origin === undefined ? '' : ` (from ${origin})`;
  }

  wrong(key: string, reason: string, example: string): InputError {
    const { value } = this.settings.get(key) ?? { value: null };
    const leaf = key.split('.').at(-1)!;
    return new InputError('invalid-import', `${this.place(key)}: ${key}: ${shown(JSON.stringify(value))} ${reason}.`, [
      lineIn[this.syntax](leaf, example),
      ...(this.flag === undefined ? [] : [`--${this.flag} ${example}`]),
    ]);
  }

  /** Of a view: its flag was typed. */
  get isTyped(): boolean {
    return this.flag !== undefined && this.flags.typed.has(this.flag);
  }

  /** @throws InputError, unless the flag that replaces the value was typed, or only the job knows the value. */
  private fail(key: string, reason: string, example: string): undefined {
    if (this.isTyped) return undefined;
    const value = this.settings.get(key)?.value ?? null;
    if (this.flag === undefined || !isElsewhere(value)) throw this.wrong(key, reason, example);
    const ask = `--${this.flag} ${example}   ${key} is ${shown(String(value))}, known only where the job runs (${this.place(key)})`;
    this.openByFlag.set(this.flag, { flag: this.flag, ask });
    return undefined;
  }

  whole(...keys: readonly string[]): number | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    const example = this.example('16');
    const number = typeof found.value === 'string' && /^\d+$/.test(found.value) ? Number(found.value) : found.value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0)
      return this.fail(found.key, 'must be a whole number', example);
    if (!Number.isSafeInteger(number)) return this.fail(found.key, 'is beyond 2^53, where numbers lose units', example);
    return this.inLimits(found.key, number, example);
  }

  decimal(...keys: readonly string[]): number | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    const example = this.example('0.6');
    const number = typeof found.value === 'string' && found.value.trim() !== '' ? Number(found.value) : found.value;
    if (typeof number !== 'number' || !Number.isFinite(number))
      return this.fail(found.key, 'must be a number', example);
    return this.inLimits(found.key, number, example);
  }

  private get range(): NumberRange | undefined {
    return this.flag === undefined || this.hasOtherLimits ? undefined : this.flags.rangeOf(this.flag);
  }

  private example(otherwise: string): string {
    return this.range?.example ?? otherwise;
  }

  private inLimits(key: string, number: number, example: string): number | undefined {
    if (this.range === undefined) return number;
    const { minimum, maximum, exclusiveMinimum } = this.range;
    if (number > maximum || number < minimum || (exclusiveMinimum && number === minimum))
      return this.fail(key, `must be from ${minimum} to ${maximum.toLocaleString('en-US')}`, example);
    return number;
  }

  /** As it stands; nothing where it says nothing. */
  value(...keys: readonly string[]): SettingValue | undefined {
    return this.find(keys)?.value;
  }

  isOn(...keys: readonly string[]): boolean | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    if (typeof found.value !== 'boolean') return this.fail(found.key, 'must be true or false', 'true');
    return found.value;
  }

  text(...keys: readonly string[]): string | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    if (typeof found.value === 'object') return this.fail(found.key, 'must be a single value', 'name');
    return String(found.value);
  }

  /** One of ours by what they call it. */
  choice<Value>(names: Readonly<Record<string, Value>>, ...keys: readonly string[]): Value | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    const name = String(found.value);
    if (Object.hasOwn(names, name)) return names[name];
    return this.fail(found.key, `must be ${orList(Object.keys(names))}`, Object.keys(names)[0]!);
  }

  /** One of the classes that are priced, by its whole dotted name: another one is another model. */
  class<Value>(priced: Readonly<Record<string, Value>>, ...keys: readonly string[]): Value | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    const name = String(found.value);
    if (Object.hasOwn(priced, name)) return priced[name];
    if (this.isTyped) return undefined;
    throw new InputError('not-priced', `${this.place(found.key)}: ${found.key}: ${shown(name)} is not priced.`, [
      `Priced: ${Object.keys(priced).join(', ')}.`,
      ...(this.flag === undefined ? [] : [`--${this.flag}   says what to price in its place`]),
    ]);
  }

  /** A list, or a Python tuple that YAML takes for text: `(721, 1440)`. */
  list(...keys: readonly string[]): readonly SettingValue[] | undefined {
    const found = this.find(keys);
    if (found === undefined) return undefined;
    const tuple = typeof found.value === 'string' ? /^\(([^()]*)\)$/.exec(found.value.trim())?.[1] : undefined;
    if (tuple !== undefined) {
      const parts = tuple.split(',').map((part) => part.trim());
      return parts.filter((part) => part !== '').map((part) => (/^[+-]?\d+(\.\d+)?$/.test(part) ? Number(part) : part));
    }
    if (!Array.isArray(found.value)) return this.fail(found.key, 'must be a list', '[721, 1440]');
    return found.value;
  }

  /** The keys that end so, wherever they are nested. */
  ending(end: string): readonly string[] {
    return this.keys.filter((key) => key === end || key.endsWith(`.${end}`));
  }

  /** The first part after `prefix` of every key below it, in order. */
  children(prefix: string): readonly string[] {
    const start = `${prefix}.`;
    const names = this.keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length).split('.')[0]!);
    return [...new Set(names)];
  }

  /** Keys read by nobody and not known to leave memory alone, with their lines. */
  unknown(isHarmless: (key: string) => boolean): readonly string[] {
    return [...this.settings]
      .filter(([key, { origin }]) => origin === undefined && !this.used.has(key) && !isHarmless(key))
      .map(([key, { line }]) => (line === undefined ? key : `${key} (line ${line})`));
  }

  /** What was read from elsewhere than the file: `model/gnn of anemoi-training 0.17.1` → `num_layers 16`, … */
  standIns(): ReadonlyMap<string, readonly string[]> {
    const byOrigin = new Map<string, string[]>();
    for (const key of this.used) {
      const { origin, value, line } = this.settings.get(key)!;
      // Which sets of nodes an edge set joins is no value of anything.
      if (origin === undefined || line !== undefined || /(source|target)_name$/.test(key)) continue;
      byOrigin.set(origin, [
        ...(byOrigin.get(origin) ?? []),
        `${key} ${String(value).replace(/^(?:\w+\.)+(?=[A-Z])/, '')}`,
      ]);
    }
    return byOrigin;
  }
}
