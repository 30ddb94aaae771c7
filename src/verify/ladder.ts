/** Series of sizes, and the laws by which the estimate says that memory grows along them. */
import { errorPercent } from '../accuracy/figures.js';
import { numMomentsOf } from '../config/choices.js';
import { offloadsOptimizer } from '../config/offload.js';
import type { Config, Recipe } from '../config/types.js';
import type { Ladder } from '../reports/ladder/schema.js';
import type { StepBytes } from './compare.js';

export type Series = Ladder['series'][number];
export type Axis = Series['axis'];
type Rung = Series['rungs'][number];

const distinct = (values: readonly number[]): number[] =>
  [...new Set(values.map((value) => Math.max(1, Math.round(value))))].toSorted((a, b) => a - b);

/** Up to the configuration itself, but for the batch, which starts there. */
export function ladderValues({ model, recipe }: Config): Readonly<Record<Axis, readonly number[]>> {
  const { hiddenDim, layers, meshLevel } = model;
  return {
    hiddenDim: distinct([hiddenDim / 4, hiddenDim / 2, (3 * hiddenDim) / 4, hiddenDim]),
    layers: distinct([layers / 4, layers / 2, layers]),
    meshLevel: meshLevel > 0 ? [meshLevel - 1, meshLevel] : [meshLevel],
    batchSize: [1, 2, 3].map((times) => times * recipe.batchSize),
  };
}

export function atRung(config: Config, axis: Axis, value: number): Config {
  if (axis === 'batchSize') return { ...config, recipe: { ...config.recipe, batchSize: value } };
  return { ...config, model: { ...config.model, [axis]: value } };
}

type Trained = Pick<Recipe, 'optimizer' | 'offload'>;

interface Law {
  readonly claim: string;
  readonly degree: 1 | 2;
  readonly bytes: (step: StepBytes) => number;
}

function lawsAlong(axis: Axis, recipe: Trained): readonly Law[] {
  const numStates = offloadsOptimizer(recipe) ? 0 : numMomentsOf(recipe.optimizer);
  const parameters = ({ parameterBytes }: StepBytes) => parameterBytes;
  const arrays = ({ forwardEndBytes, parameterBytes }: StepBytes) => forwardEndBytes - (1 + numStates) * parameterBytes;
  switch (axis) {
    case 'hiddenDim':
      return [
        { claim: 'parameters grow quadratically with the hidden dimension', degree: 2, bytes: parameters },
        { claim: 'activations grow linearly with the hidden dimension', degree: 1, bytes: arrays },
      ];
    case 'layers':
      return [
        { claim: 'parameters grow linearly with the layers', degree: 1, bytes: parameters },
        { claim: 'activations grow linearly with the layers', degree: 1, bytes: arrays },
      ];
    case 'batchSize':
      return [{ claim: 'activations grow linearly with the batch', degree: 1, bytes: arrays }];
    // Nodes and edges quadruple from level to level only nearly, and the grid stays: the points speak for themselves.
    case 'meshLevel':
      return [];
  }
}

/** The polynomial of that degree through the first rungs, at the last one. */
function extrapolated(points: readonly (readonly [number, number])[], degree: number, at: number): number {
  const through = points.slice(0, degree + 1);
  return through.reduce((sum, [x, y], i) => {
    const others = through.filter((_, j) => j !== i);
    return sum + others.reduce((product, [other]) => (product * (at - other)) / (x - other), y);
  }, 0);
}

export function lawsOf(axis: Axis, rungs: readonly Rung[], recipe: Trained, tolerancePercent: number): Series['laws'] {
  const measured = rungs.flatMap(({ value, measured }) => (measured === undefined ? [] : [[value, measured] as const]));
  return lawsAlong(axis, recipe).flatMap(({ claim, degree, bytes }) => {
    // One rung more than the polynomial needs, or nothing is tested.
    if (measured.length < degree + 2) return [];
    const points = measured.map(([value, step]) => [value, bytes(step)] as const);
    const [at, truth] = points.at(-1)!;
    const error = errorPercent(extrapolated(points, degree, at), truth);
    return [{ claim, errorPercent: error, holds: Math.abs(error) <= tolerancePercent }];
  });
}
