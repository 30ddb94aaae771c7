/** What GenCast's own code has not, or what of it is not priced here. */
import type { Refusal } from '../refusals.js';

const gencastSource = 'google-deepmind/graphcast 08cf736, gencast.py';

export const gencastRefusals: readonly Refusal[] = [
  {
    kind: 'raises',
    applies: ({ rolloutSteps }) => rolloutSteps > 1,
    instead: () => ({ rolloutSteps: 1 }),
    reason:
      'GenCast is trained on one step, and its forecasts call one compiled sampler per step (rollout.chunked_prediction), however long they are',
    source: gencastSource,
    nextSteps: () => ['--rollout 1'],
  },
  {
    kind: 'raises',
    applies: ({ checkpoint }) => checkpoint.model || checkpoint.rollout,
    instead: ({ checkpoint }) => ({ checkpoint: { ...checkpoint, model: false, rollout: false } }),
    reason: 'recomputing the whole denoiser, or a rollout that it has not, is not priced for GenCast',
    source: gencastSource,
    nextSteps: () => ['--checkpoint encoder+decoder+processor:every=1'],
  },
  {
    kind: 'raises',
    applies: ({ gpus }) => gpus > 1,
    instead: () => ({ gpus: 1 }),
    reason: 'no compile of GenCast for several cards stands behind a number, so none is given',
    source: 'docs/jax.md',
    nextSteps: () => ['--gpus 1'],
  },
  {
    kind: 'raises',
    applies: ({ accumulate }) => accumulate > 1,
    instead: () => ({ accumulate: 1 }),
    reason: 'accumulated gradients (optax.MultiSteps) are not priced for GenCast',
    source: 'docs/jax.md',
    nextSteps: () => ['--accumulate 1', '--checkpoint processor:every=1'],
  },
];
