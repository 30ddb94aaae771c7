/**
 * What a user's loop keeps beside the model's own step. Truth: PhysicsNeMo's GraphCastNet with such a loop under fake CUDA tensors, bytes of
 * all storages (torch 2.13).
 */
import { describe, expect, it } from 'vitest';
import { estimate } from '../../../src/services/estimate.js';

const plain = {
  'mlp-hidden-layers': '1',
  precision: 'fp32',
  'concat-trick': 'off',
  'recompute-activation': false,
  'mesh-level': '3',
  'hidden-dim': '1024',
} as const;
const peak = async (flags: Record<string, string | boolean>) =>
  (await estimate({ model: 'physicsnemo-swe', flags: { ...plain, ...flags } })).memory.peakLiveBytes;

describe('beside one copy of everything', () => {
  const step = {
    grid: '46x90',
    layers: '4',
    'input-channels': '20',
    'output-channels': '11',
    optimizer: 'adamw-fused',
    checkpoint: 'none',
  };

  it.each([
    ['a moving average', { ema: true }],
    ['gradients set to zero instead of None', { 'set-to-none': false }],
  ])('%s is one more array per parameter, alive at the end of the forward pass', async (_, flags) => {
    expect(await peak(step)).toBe(2_374_207_060);
    expect(await peak({ ...step, ...flags })).toBe(2_584_409_728);
  });
});

it('amsgrad is a third moment, alive while the backward pass recomputes', async () => {
  const step = {
    grid: '32x64',
    layers: '6',
    'input-channels': '4',
    'output-channels': '3',
    optimizer: 'adamw',
    checkpoint: 'encoder+decoder+processor:segments=4',
    amsgrad: true,
  };
  const truth = 1_772_252_920;
  // Twelve bytes of the record, three scalars perhaps, are not explained.
  expect(truth - (await peak(step))).toBe(12);
});

it.each([
  [{ amsgrad: true, optimizer: 'momentum' }, 'conflicting-options'],
  [{ ema: true, gpus: '4', parallel: 'zero3' }, 'not-priced'],
  [{ 'set-to-none': false, offload: 'optimizer' }, 'not-priced'],
  [{ ema: true, runtime: 'jax' }, 'not-in-runtime'],
])('%j is refused with a way out', async (flags, code) => {
  await expect(estimate({ model: 'physicsnemo-swe', flags })).rejects.toMatchObject({
    code,
    nextSteps: expect.arrayContaining([expect.stringMatching(/--|Leave/)]),
  });
});
