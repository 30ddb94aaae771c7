import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

interface Peaks {
  readonly peakAllocatedBytes: number;
  readonly peakReservedBytes: number;
}

/** What the reference replay answers, see `tests/data/allocator/README.md`. */
interface Expected {
  readonly peakLiveBytes: number;
  readonly native: Peaks;
  readonly expandable: Peaks;
  readonly minCapacityBytes: number;
  readonly numFlushesAtMinCapacity: number;
  readonly capacityTooSmallBytes: number;
  readonly outOfMemoryAtEvent: number;
}

export interface ReferenceCase {
  readonly name: string;
  readonly events: Int32Array;
  readonly bufferBytes: Float64Array;
  readonly expected: Expected;
}

interface StoredCase {
  readonly name: string;
  readonly events: readonly number[];
  readonly distinctBytes: readonly number[];
  readonly bufferSize: readonly number[];
  readonly expected: Expected;
}

export function referenceCases(file: 'random' | 'training-steps'): readonly ReferenceCase[] {
  const packed = readFileSync(new URL(`../../data/allocator/${file}.json.gz`, import.meta.url));
  const { cases } = JSON.parse(gunzipSync(packed).toString()) as { readonly cases: readonly StoredCase[] };
  return cases.map(({ name, events, distinctBytes, bufferSize, expected }) => ({
    name,
    events: Int32Array.from(events),
    bufferBytes: Float64Array.from(bufferSize, (size) => distinctBytes[size]!),
    expected,
  }));
}
