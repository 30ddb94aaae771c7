/** Ways out of out-of-memory in a forecast, and the forecast itself as the answer to another question. */
import { layoutTraits } from '../config/capabilities.js';
import { divisorsOf } from '../config/divisors.js';
import type { Config } from '../config/types.js';
import { chunksInInference } from '../models/anemoi/chunks-in-inference.js';
import { inferenceRecipe } from '../options/recipe.js';
import { trains } from './checkpoint-parts.js';
import { blockCounts } from './edge-blocks.js';
import type { CodeLine, Strategy } from './types.js';

const code = ({ runtime }: Config): readonly CodeLine[] =>
  runtime === 'pytorch'
    ? [{ where: 'PyTorch', text: 'with torch.no_grad():' }]
    : runtime === 'jax'
      ? [
          {
            where: 'GraphCast',
            text: 'rollout.chunked_prediction(run_forward_jitted, rng, inputs, targets_template, forcings)',
          },
        ]
      : [];

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
  code,
};

/** DeepMind's rollout.py (graphcast 08cf736): `chunked_prediction` feeds each chunk's last states to the next call. */
const oneStepCode = ({ runtime }: Config): readonly CodeLine[] =>
  runtime === 'jax'
    ? [
        {
          where: 'GraphCast, in place of one call for the whole forecast',
          text: [
            'predictions = rollout.chunked_prediction(',
            '    run_forward_jitted, rng, inputs, targets_template, forcings, num_steps_per_chunk=1)',
          ].join('\n'),
        },
      ]
    : runtime === 'pytorch'
      ? [
          {
            where: 'PyTorch, around one step',
            text: [
              'with torch.no_grad():',
              '    for step in range(num_steps):',
              '        state = model(state)',
              '        forecast.append(state.cpu())',
            ].join('\n'),
          },
        ]
      : [];

export const oneStepPerCall: Strategy = {
  id: 'one-step-per-call',
  touches: 'step',
  describe: 'Calls the model once per step, so that one step’s data and prediction are on the card at a time.',
  cost: 'A prediction goes to the host, and the next input to the card, between two steps.',
  numerics: 'same',
  changes: (config) => (trains(config) || config.recipe.rolloutSteps === 1 ? [] : [{ recipe: { rolloutSteps: 1 } }]),
  code: oneStepCode,
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
    if (recipe.mode === 'train' || !layoutTraits[model.layout].edgeBlocks) return [];
    const { edges } = recipe.checkpoint;
    const now = edges.kind === 'none' ? 1 : edges.blocks;
    return blockCounts
      .filter((blocks) => blocks > now)
      .map((blocks) => ({ checkpoint: { edges: { kind: 'scan', blocks } } }));
  },
  code: ({ model, recipe: { checkpoint } }) =>
    checkpoint.edges.kind === 'none' ? [] : [chunksInInference(model.layout, checkpoint.edges.blocks)],
};
