import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { replayCaching } from '../../../src/memory/allocators/replay.js';
import { peakLiveBytes } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { dimensionsOf } from '../../../src/models/dimensions.js';
import { pytorchRuntime } from '../../../src/runtimes/pytorch/index.js';
import { errorPercent } from '../../statistics.js';
import { harnessProgram } from './anemoi-harness.js';
import { type CodeBaseRecord, configOf, countsOf } from './anemoi-records.js';

const hiddenDim = 512;
const [, ...lines] = readFileSync(new URL('../../data/pytorch-eager-neural-lam.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const records = lines.map(
  (line): CodeBaseRecord => ({
    ...JSON.parse(line),
    model: 'neural-lam',
    part: 'processor',
    hidden_dim: hiddenDim,
    layers: 8,
    hidden_layers: 1,
    checkpoint: false,
  }),
);

it.each(records)(
  'a stack of 8 InteractionNet layers in $precision is live to the byte, reserved within 1 %',
  (record) => {
    const config = configOf(record);
    const counts = countsOf(record);
    const dimensions = pytorchRuntime.dimensions(dimensionsOf(config, counts), config);
    const trace = pytorchRuntime.trace(harnessProgram(record, config), config);
    const bytes = bufferBytes(trace, dimensions);
    // The traced loss has no target; the harness's has one of the output's size.
    const targetBytes = counts.meshNodes * hiddenDim * (record.precision === 'bf16-full' ? 2 : 4);
    expect(peakLiveBytes(trace, bytes) - targetBytes).toBe(record.peak_requested_bytes);
    const reserved = [false, true].map((expandable) => replayCaching(trace.events, bytes, { expandable }));
    const truth = [record.peak_reserved_bytes, record.peak_reserved_expandable_bytes];
    for (const [i, replay] of reserved.entries()) {
      if (replay.kind !== 'ran') throw new Error('ran out of unlimited memory');
      expect(Math.abs(errorPercent(replay.peakReservedBytes, truth[i]!))).toBeLessThan(1);
    }
  },
);
