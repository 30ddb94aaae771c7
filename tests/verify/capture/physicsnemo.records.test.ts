/**
 * Captured steps of PhysicsNeMo's own class (physicsnemo_steps.py; nvidia-physicsnemo 2.2.2, torch 2.13.0) beside what the engine makes of the
 * same flags: two roads to one step.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Estimate, RecordedEstimate } from '../../../src/reports/estimate/schema.js';
import { estimate } from '../../../src/services/estimate.js';
import { recordedStep } from '../../../src/services/recorded.js';

const traceFile = (name: string) => fileURLToPath(new URL(`../../data/traces/${name}.trace.gz`, import.meta.url));
const recorded = async (name: string): Promise<RecordedEstimate> =>
  (await recordedStep({ traceFile: traceFile(name), flags: {} })).estimate;

const common = {
  'concat-trick': 'off',
  'recompute-activation': false,
  'mlp-hidden-layers': '1',
  checkpoint: 'none',
} as const;
const wide = {
  ...{ grid: '46x90', 'mesh-level': '3', 'hidden-dim': '1024', layers: '4' },
  ...{ 'input-channels': '20', 'output-channels': '11', precision: 'fp32', optimizer: 'adamw-fused' },
};
const flagsOf: Readonly<Record<string, Readonly<Record<string, string | boolean>>>> = {
  plain: wide,
  segments: {
    ...{
      grid: '32x64',
      'mesh-level': '3',
      'hidden-dim': '1024',
      layers: '6',
      'input-channels': '4',
      'output-channels': '3',
    },
    ...{ precision: 'fp32', optimizer: 'adamw', checkpoint: 'encoder+decoder+processor:segments=4' },
  },
  predictions: {
    ...{
      grid: '46x90',
      'mesh-level': '3',
      'hidden-dim': '64',
      layers: '4',
      'input-channels': '11',
      'output-channels': '11',
    },
    ...{ precision: 'fp32', mode: 'inference', rollout: '3' },
  },
  mixed: {
    ...{
      grid: '46x90',
      'mesh-level': '3',
      'hidden-dim': '96',
      layers: '5',
      'input-channels': '9',
      'output-channels': '5',
    },
    ...{ precision: 'bf16', optimizer: 'adamw-fused' },
  },
  tricked: {
    ...{
      grid: '32x64',
      'mesh-level': '2',
      'hidden-dim': '128',
      layers: '7',
      'input-channels': '30',
      'output-channels': '12',
    },
    ...{ precision: 'fp32', optimizer: 'adamw', 'mlp-hidden-layers': '2', 'concat-trick': 'eager' },
  },
  ahead: {
    ...{
      grid: '32x64',
      'mesh-level': '3',
      'hidden-dim': '64',
      layers: '4',
      'input-channels': '6',
      'output-channels': '6',
    },
    ...{ precision: 'bf16', optimizer: 'adamw-fused', rollout: '3', checkpoint: 'encoder+processor:segments=2' },
  },
};
const priced = (name: string): Promise<Estimate> =>
  estimate({ model: 'physicsnemo-graphcast', flags: { ...common, ...flagsOf[name] } });

describe('a captured step of PhysicsNeMo', () => {
  it.each(Object.keys(flagsOf))('%s: as the engine prices it, live and reserved within 0.1 %', async (name) => {
    const [{ memory, parameters, peak }, predicted] = [await recorded(name), await priced(name)];
    expect(parameters.count).toBe(predicted.parameters.count);
    expect(peak.phase).toBe(predicted.peak.phase);
    const error = (key: 'peakLiveBytes' | 'peakReservedBytes') => Math.abs(memory[key] / predicted.memory[key] - 1);
    expect(error('peakLiveBytes')).toBeLessThan(0.001);
    expect(error('peakReservedBytes')).toBeLessThan(0.001);
    for (const key of ['parameterBytes', 'optimizerBytes', 'gradientBytes'] as const)
      expect.soft({ [key]: memory[key] }).toEqual({ [key]: predicted.memory[key] });
  });

  // Counted by the reference's own tracer (tests/data/pytorch-eager.jsonl has its records).
  it.each([
    ['plain', 2_374_207_060],
    ['zeroed', 2_584_409_728],
    ['averaged', 2_584_409_728],
    ['segments', 1_503_362_784],
    ['amsgrad', 1_772_252_920],
    ['predictions', 25_955_100],
  ])('%s: as an independent tracer counted it, but for a few numbers of the loss', async (name, bytes) => {
    const { memory } = await recorded(name);
    expect(Math.abs(memory.peakLiveBytes - bytes)).toBeLessThanOrEqual(16);
  });
});
