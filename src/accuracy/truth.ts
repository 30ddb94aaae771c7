/**
 * Ground truth as it ships (`profiles/truth/`): steps that someone else's tracer, compiler or engine counted, in our words. The
 * files are written by a test from the records in `tests/data`, which hold them in each code base's own words.
 */
import { perRuntime } from '../config/choices.js';
import { defaultRecipe } from '../config/recipe-options.js';
import type { Config, Model, Recipe, RuntimeName } from '../config/types.js';
import type { Counts } from '../models/dimensions.js';
import type { Figures } from './figures.js';

/** A: allocator or compiler figure · B: measured · C: fits or not · D: stated. */
export type Quality = 'A' | 'B' | 'C' | 'D';

export interface TruthCase {
  readonly config: Config;
  readonly counts: Counts;
  readonly peakLiveBytes: number;
}

export interface TruthFile {
  readonly runtime: RuntimeName;
  readonly quality: Quality;
  readonly source: string;
  /** The first case; of every case only what differs is written. */
  readonly base: { readonly model: Model; readonly recipe: Recipe };
  readonly cases: readonly {
    readonly model: Partial<Model>;
    readonly recipe: Partial<Recipe>;
    readonly counts: Counts;
    /** NVIDIA's, ×10: XLA multiplies differently on each generation. */
    readonly computeCapability?: number;
    readonly peakLiveBytes: number;
  }[];
}

/** Cards are described by their generation alone: live bytes depend on nothing else of them. */
const described = (computeCapability: number): Config['device'] => ({
  name: `compute capability ${computeCapability / 10}`,
  vendor: 'nvidia',
  nominalBytes: 0,
  reportedBytes: 0,
  contextBytes: perRuntime(() => 0),
  cublasWorkspaceBytes: 0,
  bandwidthGBps: 0,
  tflops: { fp32: 0 },
  computeCapability,
  sources: [],
});

export function casesOf({ runtime, base, cases }: TruthFile): readonly TruthCase[] {
  return cases.map(({ model, recipe, counts, computeCapability, peakLiveBytes }) => ({
    config: {
      runtime,
      model: { ...base.model, ...model },
      // Options that are newer than the file stand at their defaults.
      recipe: { ...defaultRecipe, ...base.recipe, ...recipe },
      device: computeCapability === undefined ? null : described(computeCapability),
      reserveBytes: 0,
      allowTight: false,
      assumptions: [],
    },
    counts,
    peakLiveBytes,
  }));
}

/** What README promises about accuracy. `gc-plan validate` fails when one of these no longer holds. */
export interface AccuracyPromise {
  readonly runtime: RuntimeName;
  readonly figure: keyof Figures;
  readonly limitPercent: number;
}

const promise = (runtime: RuntimeName, median: number, p95: number, under: number): readonly AccuracyPromise[] => [
  { runtime, figure: 'medianErrorPercent', limitPercent: median },
  { runtime, figure: 'p95ErrorPercent', limitPercent: p95 },
  { runtime, figure: 'worstUnderPercent', limitPercent: under },
];

export const accuracyPromises: readonly AccuracyPromise[] = [
  ...promise('pytorch', 0.1, 0.1, 0.1),
  // Where the loss is the peak, XLA's roundings decide (runtimes/xla/loss-head-width.ts): the number is the middle, the range has all.
  ...promise('jax', 1, 5, 14),
  ...promise('tfjs', 0.1, 0.1, 0.1),
];
