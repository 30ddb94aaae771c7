/** The only place where bytes, counts and verdicts become text. */
import { GiB, KiB, MiB } from '../units.js';

export interface ByteUnit {
  readonly name: 'B' | 'KiB' | 'MiB' | 'GiB';
  readonly bytes: number;
}

const byteUnits: readonly ByteUnit[] = [
  { name: 'GiB', bytes: GiB },
  { name: 'MiB', bytes: MiB },
  { name: 'KiB', bytes: KiB },
  { name: 'B', bytes: 1 },
];

/** One unit for all parts of a total, so that a column can be compared by eye. */
export const unitOf = (totalBytes: number): ByteUnit =>
  byteUnits.find((unit) => totalBytes >= unit.bytes) ?? byteUnits.at(-1)!;

/** Of numbers whose differences matter: below 4 GiB two decimals of a GiB would hide them. */
export const unitOfAll = (bytes: readonly number[]): ByteUnit => unitOf(Math.max(...bytes) / 4);

/** Two decimals: 10 MiB of a GiB is still seen. */
export const inUnit = (bytes: number, unit: ByteUnit): string =>
  (bytes / unit.bytes).toFixed(unit.name === 'B' ? 0 : 2);

export function formatBytes(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${unit.name}`;
}

/** Two sizes in the unit of the larger: `17.20 of 23.62 GiB`. */
export function formatBytesPair(first: number, second: number, between: string): string {
  const unit = unitOfAll([first, second]);
  return `${inUnit(first, unit)} ${between} ${inUnit(second, unit)} ${unit.name}`;
}

/** The parts of a sum in one unit, the whole last. As printed they add up: the last part takes what rounding leaves. */
export function addingUp(partsBytes: readonly number[], unit: ByteUnit): readonly string[] {
  const whole = partsBytes.reduce((sum, bytes) => sum + bytes, 0);
  const first = partsBytes.slice(0, -1).map((bytes) => inUnit(bytes, unit));
  const last = first.reduce((left, part) => left - Number(part), Number(inUnit(whole, unit)));
  return [...first, last.toFixed(unit.name === 'B' ? 0 : 2), inUnit(whole, unit)];
}

/** What is left of `fromBytes`, as the difference of the two numbers that are printed beside it; negative where nothing is. */
export function leftOver(fromBytes: number, takenBytes: number, unit: ByteUnit): string {
  const left = Number(inUnit(fromBytes, unit)) - Number(inUnit(takenBytes, unit));
  return left.toFixed(unit.name === 'B' ? 0 : 2).replace('-', '−');
}

/** Digits in groups of three. `toLocaleString` would write the same and loads ICU's tables for it, 15 to 20 ms of a command that takes 250. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

export const formatPercent = (part: number, whole: number): string =>
  whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(1)} %`;

/** Of a prediction. */
export const formatError = (percent: number): string => `${percent.toFixed(3)} %`;

const flopUnits = [
  { name: 'PFLOP', flops: 1e15 },
  { name: 'TFLOP', flops: 1e12 },
  { name: 'GFLOP', flops: 1e9 },
  { name: 'MFLOP', flops: 1e6 },
] as const;

export function formatFlops(flops: number): string {
  const unit = flopUnits.find((candidate) => flops >= candidate.flops) ?? flopUnits.at(-1)!;
  return `${(flops / unit.flops).toFixed(1)} ${unit.name}`;
}

/** The three answers as people read them. JSON keeps its kinds. */
export const verdictWords = {
  fits: 'fits',
  tight: 'may fit',
  exceeds: 'does not fit',
  unknown: 'no card named',
} as const;

/** A module as people read it: `inputs` is a kind of array already, and this part holds what goes in and what comes out. */
export const partName = (module: string): string => (module === 'inputs' ? 'data' : module);
