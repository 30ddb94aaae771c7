/** What a user's own verifications say about the estimates: pure, the file is read elsewhere. */
import type { Config, RuntimeName } from '../config/types.js';
import { errorPercent, figuresOf } from './figures.js';
import type { Accuracy } from './shipped.js';

/** One line of the ledger. */
export interface LedgerEntry {
  readonly schema: 'gc-plan/ledger@1';
  readonly time: string;
  readonly tool: { readonly name: string; readonly version: string };
  readonly machine: { readonly platform: string; readonly arch: string; readonly node: string; readonly cpu: string };
  readonly runtime: RuntimeName;
  readonly backend: { readonly name: string; readonly version: string; readonly device: string };
  readonly config: Pick<Config, 'model' | 'recipe'>;
  /** By quantity, e.g. `peakLiveBytes`. */
  readonly predicted: Readonly<Record<string, number>>;
  /** Absent after oom or timeout. */
  readonly measured?: Readonly<Record<string, number>>;
  readonly verdict: string;
}

/** What the allocators' and the driver's numbers are compared by where arrays can't be seen one by one. */
const peakQuantities = ['peakLiveBytes', 'peakAllocatedBytes', 'peakReservedBytes', 'deviceBytes'] as const;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isBytes = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Every number is one; nothing runs in 0 bytes, and an error in percent of them would be none. */
function areQuantities(value: unknown): boolean {
  if (!isObject(value) || !Object.values(value).every(isBytes)) return false;
  return peakQuantities.every((quantity) => value[quantity] !== 0);
}

/** What a line of the file must be before it is counted, and an entry before it is written. */
export function isLedgerEntry(value: unknown): value is LedgerEntry {
  if (!isObject(value) || value.schema !== 'gc-plan/ledger@1' || typeof value.runtime !== 'string') return false;
  const { config, predicted, measured } = value;
  if (!isObject(config) || !isObject(config.model) || !isObject(config.recipe)) return false;
  return areQuantities(predicted) && (measured === undefined || areQuantities(measured));
}

/** (predicted − measured) ÷ measured of the peak, in percent. */
function peakError({ predicted, measured }: LedgerEntry): readonly number[] {
  const quantity = peakQuantities.find((each) => predicted[each] !== undefined && measured?.[each] !== undefined);
  if (quantity === undefined) return [];
  return [errorPercent(predicted[quantity]!, measured![quantity]!)];
}

/**
 * Shipped and own experience together. Only figures of the shipped cases are known, not each of them, so the larger of the two
 * errors stands for both.
 */
export function accuracyFrom(entries: readonly LedgerEntry[], shipped: Accuracy): Accuracy {
  const errors = entries.filter(({ runtime }) => runtime === shipped.runtime).flatMap(peakError);
  if (errors.length === 0) return shipped;
  const own = figuresOf(errors);
  return {
    runtime: shipped.runtime,
    cases: shipped.cases + errors.length,
    medianErrorPercent: Math.max(shipped.medianErrorPercent, own.medianErrorPercent),
    p95ErrorPercent: Math.max(shipped.p95ErrorPercent, own.p95ErrorPercent),
    worstUnderPercent: Math.max(shipped.worstUnderPercent, own.worstUnderPercent),
    source: `${shipped.source}; and ${errors.length} of your own verifications`,
  };
}
