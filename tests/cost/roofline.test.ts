import { describe, expect, it } from 'vitest';
import { loadDevice } from '../../src/config/profiles.js';
import { counts } from '../../src/models/counts.js';
import { loadModel } from '../../src/options/load-model.js';
import { resolveWith } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { price } from '../../src/price.js';

const tiny = await loadModel('tiny');
const of = (flags: Flags) => {
  const config = resolveWith(tiny, { runtime: 'pytorch', ...flags });
  return price(config, counts(config.model), loadDevice('h100-80gb'));
};

describe('the roofline model of a step', () => {
  it('never promises a step faster than its arithmetic or its traffic allows', () => {
    for (const gpu of ['t4', 'rtx-4090', 'a100-80gb', 'h100-80gb']) {
      for (const precision of ['fp32', 'bf16', 'fp16']) {
        const { roofline, flops } = of({ gpu, precision, 'hidden-dim': '256' });
        const { tflops, bandwidthGBps } = loadDevice(gpu);
        const fastest = Math.max(tflops.fp32, tflops.fp16 ?? 0, tflops.bf16 ?? 0) * 1e12;
        expect(roofline.stepTimeMs).toBeGreaterThanOrEqual((1e3 * flops.trainFlops) / fastest);
        expect(roofline.stepTimeMs).toBeGreaterThanOrEqual((1e3 * roofline.bytesMoved) / (bandwidthGBps * 1e9));
      }
    }
  });

  it('names no time where only a size of memory was named', () => {
    expect(of({ vram: '24GB' }).roofline.stepTimeMs).toBeUndefined();
    expect(of({}).roofline.stepTimeMs).toBeUndefined();
  });

  it('moves more bytes with more samples and with recomputation, and fewer per micro-step where several share an update', () => {
    const moved = (flags: Flags) => of({ 'hidden-dim': '128', ...flags }).roofline.bytesMoved;
    expect(moved({ batch: '2' })).toBeGreaterThan(1.5 * moved({}));
    expect(moved({ checkpoint: 'encoder+decoder+processor:every=1' })).toBeGreaterThan(moved({}));
    expect(moved({ accumulate: '4' })).toBeLessThan(moved({}));
    expect(moved({ accumulate: '4' })).toBeGreaterThan(moved({ accumulate: '8' }));
  });

  it('writes and reads at least every activation that the step keeps', () => {
    const { roofline, liveness } = of({});
    expect(roofline.bytesMoved).toBeGreaterThan(2 * liveness.byCategory.activation);
  });
});
