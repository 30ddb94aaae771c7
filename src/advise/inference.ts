/** Ways out of out-of-memory in a forecast, and the forecast itself as the answer to another question. */
import { divisorsOf } from '../config/divisors.js';
import { layoutOf } from '../models/index.js';
import { inferenceRecipe } from '../options/recipe.js';
import { trains } from './checkpoint-parts.js';
import { inRuntimes } from './code-lines.js';
import { blockCounts } from './edge-blocks.js';
import type { Strategy } from './types.js';

export const inference: Strategy = {
  id: 'inference',
  touches: 'step',
  describe: 'Only runs the model: nothing is kept for a backward pass, no gradients, no optimizer.',
  cost: 'It is no training.',
  numerics: 'different',
  aside: true,
  changes: (config) => {
    if (!trains(config)) return [];
    const { checkpoint, ...recipe } = inferenceRecipe(config.recipe, config.model);
    return [{ recipe, checkpoint }];
  },
  code: inRuntimes({ pytorch: () => [{ where: 'PyTorch', text: 'with torch.no_grad():' }] }),
};

export const oneStepPerCall: Strategy = {
  id: 'one-step-per-call',
  touches: 'step',
  describe: 'Calls the model once per step, so that one step’s data and prediction are on the card at a time.',
  cost: 'A prediction goes to the host, and the next input to the card, between two steps.',
  numerics: 'same',
  changes: (config) => (trains(config) || config.recipe.rolloutSteps === 1 ? [] : [{ recipe: { rolloutSteps: 1 } }]),
  code: inRuntimes({
    pytorch: () => [
      {
        where: 'PyTorch, around one step',
        text: [
          'with torch.no_grad():',
          '    for step in range(num_steps):',
          '        state = model(state)',
          '        forecast.append(state.cpu())',
        ].join('\n'),
      },
    ],
  }),
};

export const samplesPerCall: Strategy = {
  id: 'samples-per-call',
  touches: 'samples',
  describe: 'Takes fewer samples per call; the others have calls of their own.',
  cost: 'Smaller matrix products.',
  numerics: 'same',
  changes: (config) => {
    const { batchSize } = config.recipe;
    if (trains(config)) return [];
    return divisorsOf(batchSize)
      .filter((smaller) => smaller < batchSize)
      .toReversed()
      .map((smaller) => ({ recipe: { batchSize: smaller } }));
  },
  code: () => [],
};

export const mapperChunks: Strategy = {
  id: 'mapper-chunks',
  touches: 'plan',
  describe: 'Runs encoder and decoder in chunks, so that one chunk’s edges are alive at a time.',
  cost: 'Smaller matrix products.',
  numerics: 'same',
  changes: ({ model, recipe }) => {
    if (recipe.mode === 'train' || !layoutOf(model.layout).blocksInForward) return [];
    const { edges } = recipe.checkpoint;
    const now = edges.kind === 'none' ? 1 : edges.blocks;
    return blockCounts
      .filter((blocks) => blocks > now)
      .map((blocks) => ({ checkpoint: { edges: { kind: 'scan', blocks } } }));
  },
  // Only a code base that cuts its forward pass has a line for it.
  code: () => [],
};
