/** The values that `solve` searches for each option, from small to large, each with its configuration. */
import { maximumCount, maximumHiddenDim, maximumLayers, maximumMeshLevel } from '../config/limits.js';
import type { Flags } from '../config/typed.js';
import type { Config } from '../config/types.js';
import { InputError } from '../errors.js';

export const solvable = ['batch', 'hidden-dim', 'layers', 'rollout', 'resolution', 'mesh-level', 'gpus'] as const;
export type Solvable = (typeof solvable)[number];

export interface Value {
  readonly flag: string;
  readonly config: Config;
}

/** As in `options.ts`. */
const maximumRollout = 1_000;
/** More cards than the largest published run of this model family (Lam et al.: 32) many times over. */
const maximumGpus = 1_024;
/** Latitude rows of the finest grid below 10⁷ points. */
const maximumRows = 2_236;

/**
 * Degrees that divide 180° in at most four decimals (1, 0.75, 0.7031 …, 0.25): the grids that data comes on. Coarse to fine.
 */
const resolutions = (): readonly string[] => {
  const texts: string[] = [];
  for (let rows = 3; rows <= maximumRows; rows++) if (1_800_000 % rows === 0) texts.push(String(180 / rows));
  return texts;
};

const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** Few cards are the hard case: from many to few. */
const texts: Readonly<Record<Solvable, () => readonly string[]>> = {
  batch: () => numbers(1, maximumCount),
  'hidden-dim': () => numbers(1, maximumHiddenDim),
  layers: () => numbers(1, maximumLayers),
  rollout: () => numbers(1, maximumRollout),
  resolution: resolutions,
  'mesh-level': () => numbers(0, maximumMeshLevel),
  gpus: () => [...numbers(1, maximumGpus)].reverse(),
};

/** Those that a configuration can have. */
export function valuesOf(key: Solvable, resolve: (flags: Flags) => Config): readonly Value[] {
  const values: Value[] = [];
  let refusal: InputError | undefined;
  for (const flag of texts[key]()) {
    try {
      values.push({ flag, config: resolve({ [key]: flag }) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  if (values.length === 0 && refusal) throw refusal;
  return values;
}
