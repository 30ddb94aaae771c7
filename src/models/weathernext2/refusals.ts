/** What WeatherNext 2's own code has not, or what of it is not priced here. */
import type { Refusal } from '../refusals.js';

const source = 'google-deepmind/weathernext 9c034db, weathernext2/architecture.py';

export const weathernext2Refusals: readonly Refusal[] = [
  {
    kind: 'raises',
    applies: ({ mode, batchSize }) => mode === 'train' && batchSize < 2,
    instead: () => ({ batchSize: 2 }),
    reason: 'the loss compares the samples of an example with each other, and divides by their number less one',
    source: 'google-deepmind/weathernext 9c034db, weathernext2/fgn.py (CRPS)',
    nextSteps: () => ['--batch 2'],
  },
  {
    kind: 'raises',
    applies: ({ checkpoint }) => checkpoint.model,
    instead: ({ checkpoint }) => ({ checkpoint: { ...checkpoint, model: false } }),
    reason: 'recomputing the whole network as one is not priced for WeatherNext 2',
    source,
    nextSteps: () => ['--checkpoint encoder+decoder+processor:every=1'],
  },
  {
    kind: 'raises',
    applies: ({ mode, rolloutSteps, checkpoint }) => mode === 'train' && rolloutSteps > 1 && !checkpoint.rollout,
    instead: ({ checkpoint }) => ({ checkpoint: { ...checkpoint, rollout: true } }),
    reason:
      'a rollout without its gradient checkpointing keeps what every step keeps (3.7 times the memory of one step in a compile of two), and is not priced for WeatherNext 2',
    source: 'google-deepmind/weathernext 9c034db, utils/autoregressive.py',
    nextSteps: () => ['--checkpoint rollout'],
  },
  {
    kind: 'needsChange',
    applies: ({ mode, precision }) => mode === 'train' && precision === 'bf16',
    instead: () => ({ precision: 'fp32' }),
    reason:
      'casting.Bfloat16Cast fails in the loss, where the mean of a dataset skips its bfloat16 variables; the number is that of a wrapper around the network alone, with the loss in float32',
    source: 'google-deepmind/weathernext 9c034db with xarray 2026.2.0',
    nextSteps: () => ['--precision fp32'],
  },
  {
    kind: 'raises',
    applies: ({ gpus }) => gpus > 1,
    instead: () => ({ gpus: 1 }),
    reason: 'no compile of WeatherNext 2 for several cards stands behind a number, so none is given',
    source: 'docs/jax.md',
    nextSteps: () => ['--gpus 1'],
  },
  {
    kind: 'raises',
    applies: ({ accumulate }) => accumulate > 1,
    instead: () => ({ accumulate: 1 }),
    reason: 'accumulated gradients (optax.MultiSteps) are not priced for WeatherNext 2',
    source: 'docs/jax.md',
    nextSteps: () => ['--accumulate 1', '--checkpoint processor:every=1'],
  },
];
