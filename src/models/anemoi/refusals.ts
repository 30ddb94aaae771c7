/** What anemoi-models raises at, or has no option for (0.19.0). */
import type { Network } from '../code-base.js';
import { noSegments } from '../layers/segments.js';
import type { Refusal } from '../refusals.js';
import { networkOptions, runsRowAttention, shippedMembers } from './options.js';

/** Whether a transformer over rows runs flash-attn. */
export function runsFlash(network: Network): boolean {
  const { mapper, attentionImplementation } = networkOptions(network);
  return attentionImplementation === 'flash' && runsRowAttention(network.processor, mapper);
}

export const anemoiRefusals: readonly Refusal[] = [
  {
    kind: 'raises',
    applies: ({ precision }, model) => precision === 'fp32' && runsFlash(model),
    instead: () => ({ precision: 'bf16' }),
    reason: 'flash-attn multiplies 16-bit numbers alone',
    source: 'https://github.com/ecmwf/anemoi-core/blob/2cb9b6e/models/src/anemoi/models/layers/attention.py',
    nextSteps: () => ['--precision bf16', '--attention-implementation sdpa'],
  },
  {
    kind: 'raises',
    applies: ({ mode, ensemble = 1 }, model) =>
      mode === 'train' && ensemble < 2 && networkOptions(model).loss !== 'mse',
    instead: () => ({ ensemble: shippedMembers }),
    reason: 'the CRPS is a score of several members',
    source: 'https://github.com/ecmwf/anemoi-core/blob/2cb9b6e/training/src/anemoi/training/losses/kcrps.py',
    nextSteps: () => [`--ensemble ${shippedMembers}`, '--loss mse'],
  },
  {
    kind: 'raises',
    applies: ({ parallel, gpus, batchSize }) => parallel === 'model' && gpus > 1 && batchSize > 1,
    instead: () => ({ batchSize: 1 }),
    reason: 'anemoi takes one sample per card where the model is cut over several',
    source: 'anemoi-models 0.19.0, models/encoder_processor_decoder.py, _assert_valid_sharding',
    nextSteps: () => ['--batch 1', '--parallel data', '--gpus 1'],
  },
  noSegments(
    'anemoi (num_chunks)',
    'https://github.com/ecmwf/anemoi-core/blob/2cb9b6e/models/src/anemoi/models/layers/processor.py',
  ),
];
