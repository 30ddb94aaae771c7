/** The only place where bytes and counts become text. */
import { GiB, KiB, MiB } from '../units.js';

interface ByteUnit {
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

/** Two decimals: 10 MiB of a GiB is still seen. */
export const inUnit = (bytes: number, unit: ByteUnit): string =>
  (bytes / unit.bytes).toFixed(unit.name === 'B' ? 0 : 2);

export function formatBytes(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${unit.name}`;
}

/** Two sizes in the unit of the larger: `17.20 of 23.62 GiB`. */
export function formatBytesPair(first: number, second: number, between: string): string {
  const unit = unitOf(Math.max(first, second));
  return `${inUnit(first, unit)} ${between} ${inUnit(second, unit)} ${unit.name}`;
}

export const formatCount = (count: number): string => count.toLocaleString('en-US');

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
