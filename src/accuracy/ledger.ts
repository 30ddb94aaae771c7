/** What a user's own verifications say about the estimates: pure, the file is read elsewhere. */
import type { Config, Mode, ModelLayout, RuntimeName } from '../config/types.js';
import { codeBaseOf } from '../models/index.js';
import { type ErrorBar, errorPercent, type Figures, shippedErrorBar } from './figures.js';

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

/** What a verification is evidence of: estimates of the same code base, mode and runtime. */
export interface About {
  readonly runtime: RuntimeName;
  readonly layout: ModelLayout;
  readonly mode: Mode;
}

const concerns = ({ runtime, config: { model, recipe } }: LedgerEntry, about: About): boolean =>
  runtime === about.runtime &&
  recipe.mode === about.mode &&
  Object.hasOwn(codeBaseOf(about.layout).layouts, model.layout);

/** Errors of the peak, in percent. */
export const ownErrors = (entries: readonly LedgerEntry[], about: About): readonly number[] =>
  entries.filter((entry) => concerns(entry, about)).flatMap(peakError);

/** What a range must allow for. */
export const errorBarFrom = (errors: readonly number[]): ErrorBar => ({
  worstUnderPercent: Math.max(shippedErrorBar.worstUnderPercent, ...errors.map((error) => -error)),
});

/** Of shipped cases only the figures are known, not each error, so the larger of the two stands for both. */
export const larger = (a: Figures, b: Figures): Figures => ({
  medianErrorPercent: Math.max(a.medianErrorPercent, b.medianErrorPercent),
  p95ErrorPercent: Math.max(a.p95ErrorPercent, b.p95ErrorPercent),
  worstUnderPercent: Math.max(a.worstUnderPercent, b.worstUnderPercent),
});
