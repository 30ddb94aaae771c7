import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reasons } from '../../../src/reports/estimate/numbers.js';
import { estimate } from '../../../src/services/estimate.js';

interface ValidationRecord {
  readonly model: string;
  readonly flags: Record<string, string>;
  /** Of the recorded step and the validation after it. */
  readonly measured: { readonly peakLiveBytes: number };
}

const file = new URL('../../data/anemoi-validation.jsonl', import.meta.url);
const records = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => JSON.parse(line) as ValidationRecord);

const estimated = await Promise.all(
  records.map(async ({ model, flags, measured }) => {
    const { memory, peak } = await estimate({ model, flags: { ...flags, runtime: 'pytorch', strategy: 'single' } });
    return { memory, peak, measured };
  }),
);

describe('anemoi’s validation after a training step', () => {
  it('has the live peak of the real classes within a hundred-thousandth, whichever of the two is the peak', () => {
    for (const { memory, measured } of estimated)
      expect(Math.abs(memory.peakLiveBytes / measured.peakLiveBytes - 1)).toBeLessThan(1e-5);
    const ofValidation = estimated.filter(({ peak }) => peak.phase === 'validation').length;
    expect(ofValidation).toBeGreaterThan(1);
    expect(ofValidation).toBeLessThan(records.length - 1);
  });

  it('adds to a step without it what the process holds, and never takes away', async () => {
    for (const [i, { model, flags }] of records.entries()) {
      const alone = { ...flags, runtime: 'pytorch', strategy: 'single', 'validation-batch': '0' };
      const { memory } = await estimate({ model, flags: alone });
      expect(estimated[i]!.memory.peakReservedBytes).toBeGreaterThanOrEqual(memory.peakReservedBytes);
    }
  });

  it('is named as the reason where it is what does not fit', async () => {
    const reasonsOf = async (samples: string) => {
      const flags = { vram: '24GB', 'validation-batch': samples, strategy: 'single' };
      return reasons(await estimate({ model: 'anemoi-gnn', flags })).join('; ');
    };
    expect(await reasonsOf('64')).toContain('in validation, whose samples are --validation-batch');
    expect(await reasonsOf('1')).not.toContain('validation');
  });

  it('holds the last gradients and the optimizer’s states beside the forecast', async () => {
    const sizes = { grid: 'o32', 'mesh-level': '4', 'hidden-dim': '64', layers: '2', precision: 'bf16' };
    const flags = {
      ...sizes,
      'input-channels': '36',
      'output-channels': '18',
      optimizer: 'adamw-fused',
      checkpoint: 'none',
      batch: '1',
    };
    const { memory, parameters, peak } = await estimate({
      model: 'anemoi-gnn',
      flags: { ...flags, strategy: 'single', 'validation-batch': '32' },
    });
    expect(peak.phase).toBe('validation');
    expect(memory.gradientBytes).toBe(parameters.bytes);
    expect(memory.optimizerBytes).toBeGreaterThanOrEqual(2 * parameters.bytes);
  });

  it('is refused where the model is cut over cards', async () => {
    const flags = { 'validation-batch': '4', gpus: '2', parallel: 'model' };
    await expect(estimate({ model: 'anemoi-gnn', flags: { ...flags, batch: '1' } })).rejects.toThrow('validation');
  });
});
