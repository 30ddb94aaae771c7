/**
 * Numbers that were measured elsewhere: one JSON object, an array of them, or JSONL. The quantities keep the names that the
 * frameworks print, so that a record is one line of the training script. Described in docs/verify.md.
 */
import { nearest, orList } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { Flags } from '../options/typed.js';
import { type Measured, measuredSources as sources } from '../reports/measured/schema.js';
import { runtimeTraits } from '../runtimes/traits.js';
import { MiB } from '../units.js';

type Comparison = Measured['records'][number]['comparisons'][number];
export type Quantity = Comparison['quantity'];
export type Source = Measured['records'][number]['source'];

export interface MeasuredRecord {
  readonly source: Source;
  readonly version?: string;
  readonly device?: string;
  /** A profile's name or file, and options as on the command line; what is typed there wins. */
  readonly model?: string;
  readonly flags: Flags;
  readonly quantities: readonly Pick<Comparison, 'quantity' | 'measuredAs' | 'measuredBytes'>[];
  /** File and line, for messages. */
  readonly where: string;
}

/** XLA's buffer assignment, as `compiled.memory_analysis()` splits it. */
const analysisKeys = [
  'argument_size_in_bytes',
  'output_size_in_bytes',
  'temp_size_in_bytes',
  'alias_size_in_bytes',
] as const;

type Keys = Readonly<Record<string, { readonly quantity: Quantity; readonly unitBytes: number }>>;

const ofDriver: Keys = { memory_used_mib: { quantity: 'deviceBytes', unitBytes: MiB } };

/** Of a source: its key → our quantity and the key's unit. */
const keysOf = (source: Source): Keys =>
  source === 'nvidia-smi'
    ? ofDriver
    : Object.fromEntries(
        Object.entries(runtimeTraits[source].statistics).map(([key, quantity]) => [key, { quantity, unitBytes: 1 }]),
      );

/** A compiler's own analysis may stand in place of a reading. */
const isCompiled = (source: Source): boolean =>
  source !== 'nvidia-smi' && runtimeTraits[source].verifiedBy === 'a compiler';
/** `memory_stats`: PyTorch's own, taken along and not compared. */
const describingKeys = ['source', 'version', 'device', 'model', 'flags', 'runtime', 'memory_stats'];

export function parseMeasured(text: string, file: string): MeasuredRecord[] {
  const records = documents(text, file).map(({ value, where }) => parseRecord(value, where));
  if (records.length > 0) return records;
  throw new InputError('empty-measurements', `${file}: there is no measurement in it.`, [
    'docs/verify.md describes the format',
  ]);
}

function documents(text: string, file: string): { readonly value: unknown; readonly where: string }[] {
  try {
    const whole: unknown = JSON.parse(text);
    const values = Array.isArray(whole) ? whole : [whole];
    return values.map((value, i) => ({ value, where: values.length === 1 ? file : `${file}, record ${i + 1}` }));
  } catch {
    return text.split('\n').flatMap((line, i) => {
      const where = `${file}:${i + 1}`;
      return line.trim() === '' ? [] : [{ value: parseLine(line, where), where }];
    });
  }
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InputError('not-json', `${where}: ${(error as Error).message}`, ['write one JSON object per line']);
  }
}

const wrong = (where: string, what: string, ...nextSteps: readonly string[]) =>
  new InputError('bad-measurement', `${where}: ${what}`, [...nextSteps, 'docs/verify.md describes the format']);

function parseRecord(value: unknown, where: string): MeasuredRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(where, 'a measurement is a JSON object.');
  const record = value as Readonly<Record<string, unknown>>;
  const source = sources.find((known) => known === record.source);
  if (source === undefined) throw wrong(where, `"source" must be ${orList(sources)}.`);
  const known = [...describingKeys, ...Object.keys(keysOf(source)), ...(isCompiled(source) ? analysisKeys : [])];
  for (const key of Object.keys(record))
    if (!known.includes(key))
      throw wrong(where, `unknown key "${key}".`, ...nearest(key, known, 1).map((near) => `did you mean "${near}"?`));
  const quantities = [...plainQuantities(record, source, where), ...analysis(record, where)];
  if (quantities.length === 0) throw wrong(where, `none of ${Object.keys(keysOf(source)).join(', ')} is given.`);
  return { source, flags: flagsOf(record, source, where), quantities, where, ...texts(record, where) };
}

function plainQuantities(
  record: Readonly<Record<string, unknown>>,
  source: Source,
  where: string,
): MeasuredRecord['quantities'] {
  return Object.entries(keysOf(source)).flatMap(([measuredAs, { quantity, unitBytes }]) =>
    record[measuredAs] === undefined
      ? []
      : [{ quantity, measuredAs, measuredBytes: unitBytes * numberOf(record, measuredAs, where, 1) }],
  );
}

/** Arguments + outputs − aliased + temporaries: what XLA calls live at once. */
function analysis(record: Readonly<Record<string, unknown>>, where: string): MeasuredRecord['quantities'] {
  if (!analysisKeys.some((key) => record[key] !== undefined)) return [];
  const [argument, output, temporary, alias] = analysisKeys.map((key) => numberOf(record, key, where)) as [
    number,
    number,
    number,
    number,
  ];
  const measuredBytes = argument + output + temporary - alias;
  if (measuredBytes <= 0) throw wrong(where, `${analysisKeys.join(', ')}: together they must be above 0.`);
  return [{ quantity: 'peakLiveBytes', measuredAs: 'memory_analysis', measuredBytes }];
}

function numberOf(record: Readonly<Record<string, unknown>>, key: string, where: string, minimum = 0): number {
  const value = record[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum) return value;
  throw wrong(
    where,
    `"${key}" must be a whole number${minimum > 0 ? ' above 0' : ''}, not ${JSON.stringify(value) ?? 'absent'}.`,
  );
}

function flagsOf({ flags = {}, runtime }: Readonly<Record<string, unknown>>, source: Source, where: string): Flags {
  if (typeof flags !== 'object' || flags === null || Array.isArray(flags))
    throw wrong(where, '"flags" is an object: {"batch": 2}.');
  const typed = Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [name, typeof value === 'boolean' ? value : String(value)]),
  );
  const ofSource = runtime ?? (source === 'nvidia-smi' ? undefined : source);
  return ofSource === undefined ? typed : { runtime: String(ofSource), ...typed };
}

function texts(
  record: Readonly<Record<string, unknown>>,
  where: string,
): Partial<Pick<MeasuredRecord, 'version' | 'device' | 'model'>> {
  const given = (['version', 'device', 'model'] as const).filter((key) => record[key] !== undefined);
  return Object.fromEntries(
    given.map((key) => {
      if (typeof record[key] !== 'string') throw wrong(where, `"${key}" must be a text.`);
      return [key, record[key]];
    }),
  );
}
