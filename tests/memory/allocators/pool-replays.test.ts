import { describe, expect, it } from 'vitest';
import { PoolReplays } from '../../../src/memory/allocators/pool-replays.js';
import { replayWithoutLimit } from '../../../src/memory/allocators/replay.js';
import { reusedBytes } from '../../../src/memory/trace.js';
import { counts } from '../../../src/models/counts.js';
import { loadModel } from '../../../src/options/load-model.js';
import { resolveWith } from '../../../src/options/resolve.js';
import { dimensionsFor } from '../../../src/parallel/index.js';
import { UnsizedStep } from '../../../src/search/unsized-step.js';

const profile = await loadModel('graphcast-small');

describe('the pools replayed apart', () => {
  it.each([false, true])('reserve what they reserve together, at every size (expandable: %s)', (expandable) => {
    for (const precision of ['fp32', 'bf16']) {
      const flags = { runtime: 'pytorch', layers: '4', precision, 'mesh-level': '3', resolution: '6' };
      const unsizedStep = new UnsizedStep(resolveWith(profile, flags));
      const replays = new PoolReplays(unsizedStep.trace);
      for (let hiddenDim = 16; hiddenDim <= 1040; hiddenDim += 64) {
        for (const batch of ['1', '2', '8', '2']) {
          const config = resolveWith(profile, { ...flags, 'hidden-dim': String(hiddenDim), batch });
          const { bytesOfLayout, bytesOfBuffer } = reusedBytes(
            unsizedStep.trace,
            dimensionsFor(config, counts(config.model)),
          );
          const apart = replays.peakReservedBytes(bytesOfLayout, bytesOfBuffer, expandable);
          const together = replayWithoutLimit(unsizedStep.trace.events, bytesOfBuffer, expandable).peakReservedBytes;
          expect(apart).toBe(together);
        }
      }
    }
  });
});
