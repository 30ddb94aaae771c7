import { beforeAll, describe, expect, it } from 'vitest';
import type { Flags } from '../../src/options/typed.js';
import { jsFolder, loadJs } from '../../src/verify/backends/js.js';
import type { Library } from '../../src/verify/library.js';
import { runSteps } from './steps.js';

let tf: Library;
beforeAll(async () => {
  tf = await loadJs(jsFolder()!);
});

const cases: readonly Flags[] = [
  { processor: 'attention', heads: '4' },
  { processor: 'attention', heads: '2', 'mlp-ratio': '2', tape: 'lean', batch: '2' },
  { processor: 'attention', heads: '4', layers: '4', checkpoint: 'processor:every=2', tape: 'fused' },
  { processor: 'attention', heads: '4', mode: 'inference' },
];

describe('real steps of an attention processor hold what was predicted, array by array', () => {
  it.each(cases)('%j', async (flags) => {
    const { predicted, measured, divergence } = await runSteps(tf, flags, 2);
    expect(divergence).toBeUndefined();
    expect(predicted).toEqual(measured);
  });
});

it('attention learns: the loss of 8 steps falls, and training leaves nothing behind', async () => {
  const { losses, leftBytes } = await runSteps(tf, { processor: 'attention', heads: '4' }, 8);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(leftBytes).toBe(0);
});
