/**
 * tfjs-node-gpu on the CPU: a real allocator under the same steps. It runs `dist/` in processes of its own, and needs the addon:
 * `npm run tfjs:native` builds it in half a minute (Linux on x64, python3 with pip, a C++ compiler).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyConfig } from '../../src/services/verify.js';
import { nativeState } from '../../src/verify/backends/native.js';
import { parseVerifyOptions } from '../../src/verify/options.js';
import { configOf } from './steps.js';

const MB = 1e6;

beforeAll(() => {
  const state = nativeState();
  if (state.kind === 'missing') throw new Error(`${state.reason}. \`npm run tfjs:native\` builds what is missing.`);
});

/** 6 degrees and the channels of the 1 degree model; the mesh of the reference benchmark. */
const benchmark = { grid: '31x60', 'mesh-level': '2', 'input-channels': '186', 'output-channels': '83' };

describe('tfjs-node-gpu holds what the estimate says, and the process hardly more', () => {
  it.each([
    { 'hidden-dim': '32', layers: '4' },
    { 'hidden-dim': '32', layers: '4', tape: 'fused' },
    { 'hidden-dim': '64', layers: '4', tape: 'lean' },
    { 'hidden-dim': '64', layers: '8' },
    { 'hidden-dim': '64', layers: '4', 'mesh-level': '3', checkpoint: 'processor:every=1' },
    { 'hidden-dim': '64', layers: '4', 'mlp-hidden-layers': '2', tape: 'lean' },
    { 'hidden-dim': '32', layers: '3', batch: '2', rollout: '2', checkpoint: 'rollout+processor:every=2' },
    { 'hidden-dim': '32', layers: '4', checkpoint: 'processor:every=1', offload: 'optimizer+boundary' },
    { 'hidden-dim': '128', layers: '8', tape: 'lean' },
    { 'hidden-dim': '256', layers: '16', tape: 'lean', checkpoint: 'processor:every=1' },
  ])('%j', { timeout: 240_000 }, async (flags) => {
    const config = await configOf({ ...benchmark, ...flags });
    const options = parseVerifyOptions({ backend: 'node', steps: '2' });
    const { verdict, errorsPercent, measured, run, firstDivergence } = await verifyConfig(config, options, {});
    expect(verdict).toEqual({ kind: 'within' });
    for (const error of Object.values(errorsPercent!)) expect(Math.abs(error)).toBeLessThan(1);
    expect(firstDivergence).toBeUndefined();
    const besideBytes = run!.residentBytes! - measured!.peakLiveBytes;
    expect(besideBytes).toBeGreaterThan(0);
    expect(besideBytes).toBeLessThan(50 * MB);
  });
});
