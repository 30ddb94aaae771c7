/** A way out of out-of-memory that practitioners name: what it changes, what it costs, how it is written in the user's own code. */
import type { CheckpointPlan, Config, Recipe } from '../config/types.js';

/** What of a recipe is replaced; the parts of a checkpoint plan one by one, so that several strategies can share it. */
export interface Change {
  readonly recipe?: Readonly<Partial<Omit<Recipe, 'checkpoint'>>>;
  readonly checkpoint?: Readonly<Partial<CheckpointPlan>>;
  /** Joins what is offloaded already. */
  readonly offload?: 'optimizer' | 'boundary';
}

/**
 * `same`: the same numbers up to the order of additions. `rounding`: other rounding of the same algorithm.
 * `different`: another algorithm, or no training at all.
 */
export type Numerics = 'same' | 'rounding' | 'different';

/**
 * `plan`: what is recomputed. `samples`: how many at a time. `process`: the pool around the same arrays. `step`: what a step makes or
 * keeps. `cards`: their number.
 */
export type Touches = 'plan' | 'samples' | 'process' | 'step' | 'cards';

export interface Strategy {
  readonly id: string;
  readonly touches: Touches;
  /** What changes in the program or in the trace. */
  readonly describe: string;
  /** What it costs besides memory. */
  readonly cost: string;
  readonly numerics: Numerics;
  /** Other values than the configuration's own, as far as its runtime and its code base have them. */
  readonly changes: (config: Config) => readonly Change[];
  /** Shown with the single changes and never part of a combination: it answers another question. */
  readonly aside?: boolean;
}
