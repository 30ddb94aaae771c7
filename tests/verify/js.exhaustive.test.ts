import { beforeAll, describe, expect, it } from 'vitest';
import { jsFolder, loadJs } from '../../src/verify/backends/js.js';
import type { Library } from '../../src/verify/library.js';
import { runSteps } from './steps.js';

let tf: Library;
beforeAll(async () => {
  tf = await loadJs(jsFolder()!);
});

/** The second step is the first in the steady state: the optimizer's arrays are there. */
const steadyStep = 2;

describe('the estimate of TensorFlow.js equals what real steps hold, array by array', () => {
  it.each([
    {},
    { layout: 'physicsnemo', layers: '3' },
    { tape: 'fused' },
    { tape: 'lean' },
    { 'mlp-hidden-layers': '2' },
    { batch: '2', tape: 'lean', 'mlp-hidden-layers': '2' },
    { checkpoint: 'processor:every=2' },
    { checkpoint: 'processor:every=1', tape: 'lean' },
    { layers: '4', checkpoint: 'processor:every=1', batch: '2' },
    { layers: '3', checkpoint: 'processor:segments=2' },
    { checkpoint: 'encoder' },
    { checkpoint: 'decoder', tape: 'fused' },
    { checkpoint: 'encoder+decoder' },
    { checkpoint: 'model' },
    { checkpoint: 'encoder+decoder+edges:blocks=2' },
    { checkpoint: 'encoder+decoder+edges:blocks=4', batch: '2', tape: 'lean' },
    { checkpoint: 'edges:blocks=4', layout: 'physicsnemo', layers: '3', tape: 'fused' },
    { checkpoint: 'encoder+decoder+processor:every=1+rollout+edges:blocks=3', rollout: '2', 'input-channels': '4' },
    { checkpoint: 'encoder+decoder+edges:blocks=2', accumulate: '2' },
    { processor: 'gated' },
    { processor: 'gated', tape: 'fused', batch: '2', checkpoint: 'encoder+decoder+edges:blocks=2' },
    { processor: 'attention', heads: '4', checkpoint: 'encoder+decoder+edges:blocks=4', accumulate: '2' },
    { processor: 'attention', heads: '2', checkpoint: 'processor:every=1', rollout: '2', tape: 'lean' },
    { processor: 'gated', tape: 'lean', layers: '3', checkpoint: 'processor:every=1' },
    { processor: 'gated', layers: '4', checkpoint: 'processor:segments=2', rollout: '2' },
    { processor: 'gated-edges' },
    { processor: 'gated-edges', tape: 'lean', batch: '2', checkpoint: 'encoder+processor:every=1', accumulate: '2' },
    { processor: 'gated-edges', tape: 'fused', layout: 'physicsnemo', layers: '3', rollout: '2' },
    { rollout: '2' },
    { rollout: '2', 'input-channels': '4', checkpoint: 'rollout' },
    { rollout: '3', checkpoint: 'rollout+processor:every=1', tape: 'lean' },
    { accumulate: '2', optimizer: 'adam' },
    { optimizer: 'sgd' },
    { optimizer: 'momentum' },
    { optimizer: 'none' },
    { mode: 'inference', rollout: '2' },
  ])('%j', async ({ layout, ...flags }: Readonly<Record<string, string>>) => {
    const model = layout === 'physicsnemo' ? 'physicsnemo-graphcast' : 'tiny';
    const { predicted, measured, divergence } = await runSteps(tf, flags, steadyStep, model);
    expect(divergence).toBeUndefined();
    expect(predicted).toEqual(measured);
  });
});
