import { optionRuntimes } from '../config/capabilities.js';
import { concatTricks } from '../config/choices.js';
import type { Config } from '../config/types.js';
import { layoutOf } from '../models/index.js';
import { inRuntimes } from './code-lines.js';
import type { Strategy } from './types.js';

/** The GraphCast layouts in PyTorch; PhysicsNeMo has it as an option. */
export const hasTricks = ({ runtime, model }: Config): boolean =>
  (optionRuntimes.concatTrick?.includes(runtime) ?? true) &&
  layoutOf(model.layout).options.includes('concat-trick') &&
  model.processor === 'interaction';

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
  code: inRuntimes({
    pytorch: ({ recipe }) =>
      recipe.concatTrick === 'off'
        ? []
        : [
            {
              where: 'PyTorch, the edge MLPs',
              text: 'hidden = W_e(edges) + W_s(nodes)[senders] + W_r(nodes)[receivers]  # W = [W_e W_s W_r] of the first Linear',
            },
          ],
  }),
};
