/** The values that `solve` searches for each option, from the one that asks least of the card to the one that asks most. */
import { maximumCount, maximumHiddenDim, maximumLayers, maximumMeshLevel } from '../config/limits.js';
import { offloadsOptimizer } from '../config/offload.js';
import type { Config } from '../config/types.js';
import { InputError } from '../errors.js';
import { processorTraits } from '../models/index.js';
import { type Refusal, refusalOf, refusalsOf } from '../models/refusals.js';
import type { Flags } from '../options/typed.js';
import { runtimes } from '../parallel/index.js';

export const solvable = ['batch', 'hidden-dim', 'layers', 'rollout', 'resolution', 'mesh-level', 'gpus'] as const;
export type Solvable = (typeof solvable)[number];

/** As in `options.ts`. */
const maximumRollout = 1_000;
/** Thirty times the largest published run of this model family, 32 devices (Lam et al., suppl. 4.5). */
const maximumGpus = 1_024;
/** Latitude rows of the finest grid below 10⁷ points. */
const maximumRows = 2_236;

const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** Degrees of at most four decimals that divide 180°: 60, 45, … 1, 0.9, 0.75, … 0.25, 0.225, 0.2, … */
const resolutions = (): readonly string[] =>
  numbers(3, maximumRows)
    .filter((rows) => 1_800_000 % Number(rows) === 0)
    .map((rows) => String(180 / Number(rows)));

const valuesTried: Readonly<Record<Solvable, () => readonly string[]>> = {
  batch: () => numbers(1, maximumCount),
  'hidden-dim': () => numbers(1, maximumHiddenDim),
  layers: () => numbers(1, maximumLayers),
  rollout: () => numbers(1, maximumRollout),
  resolution: resolutions,
  'mesh-level': () => numbers(0, maximumMeshLevel),
  // Few cards are the hard case.
  gpus: () => numbers(1, maximumGpus).toReversed(),
};

export interface Value {
  /** As typed behind the option. */
  readonly text: string;
  readonly config: Config;
}

export interface Values {
  /** Those that run. */
  readonly values: readonly Value[];
  /** The first of the others that the code base cannot run. */
  readonly refused?: { readonly text: string; readonly refusal: Refusal };
}

/** Those that a configuration can have and that the code base runs. */
export function valuesOf(key: Solvable, resolve: (flags: Flags) => Config): Values {
  const possible = possibleValues(key, resolve);
  const { model, runtime } = possible[0]!.config;
  if (refusalsOf(model, runtime).length === 0) return { values: possible };
  const values: Value[] = [];
  let refused: Values['refused'];
  for (const value of possible) {
    const refusal = refusalOf(value.config);
    if (refusal === undefined) values.push(value);
    else refused ??= { text: value.text, refusal };
  }
  return { values, ...(refused && { refused }) };
}

/** Made where it is asked for: a search asks for few of 65,536. */
const lazily = (text: string, make: (number: number) => Config): Value => ({
  text,
  get config() {
    return make(Number(text));
  },
});

/** Width and batch follow from one configuration: they are not resolved one by one. */
function possibleValues(key: Solvable, resolve: (flags: Flags) => Config): readonly Value[] {
  const tried = valuesTried[key]();
  if (key === 'batch') {
    const base = resolve({ batch: '1' });
    return tried.map((text) => lazily(text, (batchSize) => ({ ...base, recipe: { ...base.recipe, batchSize } })));
  }
  if (key === 'hidden-dim') {
    const { model } = resolve({});
    const step = processorTraits(model).hasHeads ? model.heads : 1;
    const base = resolve({ 'hidden-dim': String(step) });
    return tried
      .filter((text) => Number(text) % step === 0)
      .map((text) => lazily(text, (hiddenDim) => ({ ...base, model: { ...base.model, hiddenDim } })));
  }
  const values: Value[] = [];
  let refusal: InputError | undefined;
  for (const text of tried) {
    try {
      values.push({ text, config: resolve({ [key]: text }) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  if (values.length === 0 && refusal) throw refusal;
  return values;
}

/**
 * From 4,096 elements on, a matrix's state is in 8 bits or on the host: 8 bytes per element are gone. The slowest to make up for it by
 * its own growth is the square one, 4 · ((64 + p)² − 63²) ≥ 8 · 63² at p = 47; all else grows with it.
 */
const smallTensorsPeriod = 48;

/**
 * How many values on live bytes are never below where they were. Deepening a plan that recomputes every K layers first lengthens its
 * last segment, in a pipeline that of every card; all other options only add rows, columns or layers. More cards in a pipeline hold fewer
 * layers each, for more micro-batches: every number of them is looked at.
 */
export function periodOf(key: Solvable, config: Config): number {
  const { recipe, runtime } = config;
  const { processor } = recipe.checkpoint;
  const isPipeline = recipe.parallel === 'pipeline';
  if (key === 'gpus' && isPipeline) return maximumGpus;
  const tellsSmallTensors = recipe.optimizer === 'adamw-8bit' || offloadsOptimizer(recipe);
  if (key === 'hidden-dim' && tellsSmallTensors) return smallTensorsPeriod;
  if (key === 'layers' && processor.kind === 'every') return (processor.layers + 1) * (isPipeline ? recipe.gpus : 1);
  return key === 'batch' || key === 'resolution' ? runtimes[runtime].search.rowsPeriod(config) : 2;
}
