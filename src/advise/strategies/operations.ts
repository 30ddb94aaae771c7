/** What single operations keep: an edge MLP's joined input, an activation's result, a tape's intermediate arrays. */
import { concatTricks, tapes } from '../../config/choices.js';
import type { Config, Recipe } from '../../config/types.js';
import { layoutOf, processorTraits } from '../../models/index.js';
import { isParallel } from '../../parallel/ranks.js';
import { hasOption } from '../../runtimes/traits.js';
import { trains } from '../apply.js';
import type { Strategy } from '../types.js';

/** The GraphCast layouts in PyTorch; PhysicsNeMo has it as an option. */
const hasTricks = ({ runtime, model }: Config): boolean =>
  hasOption(runtime, 'concatTrick') &&
  layoutOf(model.layout).options.includes('concat-trick') &&
  processorTraits(model).isMlps === true;

export const concatTrick: Strategy = {
  id: 'concat-trick',
  touches: 'step',
  describe: 'Projects nodes before they are gathered: no edges × 3·hidden-dim array exists.',
  cost: 'Fewer FLOPs; sums in another order. fused needs PhysicsNeMo’s compiled kernel.',
  numerics: 'same',
  changes: (config) =>
    hasTricks(config)
      ? concatTricks
          .filter((value) => value !== config.recipe.concatTrick)
          .map((value) => ({ recipe: { concatTrick: value } }))
      : [],
};

export const recomputeActivation: Strategy = {
  id: 'recompute-activation',
  touches: 'step',
  describe: 'Keeps the input of an MLP’s activation only and computes the activation again.',
  cost: 'One more activation per MLP; no matrix product.',
  numerics: 'same',
  changes: (config) =>
    trains(config) && hasTricks(config)
      ? [{ recipe: { recomputeActivation: !config.recipe.recomputeActivation } }]
      : [],
};

export const tape: Strategy = {
  id: 'tape',
  touches: 'step',
  describe: 'Fewer arrays on TensorFlow.js’s tape: fused matMul, or custom gradients that keep less.',
  cost: 'lean computes activations and norms again.',
  numerics: 'same',
  changes: ({ runtime, recipe }) =>
    hasOption(runtime, 'tape')
      ? tapes.filter((value) => value !== recipe.tape).map((value) => ({ recipe: { tape: value } }))
      : [],
};

/**
 * The same plan with the operations that keep and make least: on one card, its passes need no more than with any others. Of a joined input,
 * an activation's result and a tape's intermediate arrays nothing is kept, and what is made again instead is one operation's at a time.
 */
export function leanestOperations(config: Config): Config {
  if (!trains(config) || isParallel(config)) return config;
  const { recipe, runtime } = config;
  const leanest: Recipe = {
    ...recipe,
    ...(hasTricks(config) && { concatTrick: 'fused', recomputeActivation: true }),
    ...(hasOption(runtime, 'tape') && { tape: 'lean' }),
  };
  const isLeanest = (['concatTrick', 'recomputeActivation', 'tape'] as const).every(
    (key) => recipe[key] === leanest[key],
  );
  return isLeanest ? config : { ...config, recipe: leanest };
}
