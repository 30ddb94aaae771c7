/** A loop is written as its first step and one for all later ones: what it costs is that of all steps written out. */
import { describe, expect, it } from 'vitest';
import { countFlops } from '../../src/cost/flops.js';
import { counts } from '../../src/models/counts.js';
import { forwardProgram } from '../../src/models/index.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { dimensionsFor, runtimes } from '../../src/parallel/index.js';

describe.each([
  ['tiny', 'train', 'rollout'],
  ['tiny', 'train', 'none'],
  ['tiny', 'train', 'encoder+processor:every=2+rollout'],
  ['tiny', 'inference', 'none'],
  ['weathernext2-mini', 'train', 'rollout'],
  ['weathernext2-mini', 'inference', 'none'],
])('%s, %s, %s', (model, mode, checkpoint) => {
  it.each([2, 3, 7])('%i steps cost what they cost written out', async (steps) => {
    const flags = { runtime: 'jax', mode, rollout: String(steps), ...(mode === 'train' && { checkpoint }) };
    const config = await resolveConfig({ model, flags });
    const { longRollout: _, ...unrolled } = runtimes.jax.segment(config);
    const [loop, all] = [runtimes.jax.segment(config), unrolled].map((segmentation) =>
      forwardProgram(config.model, config.recipe, segmentation),
    );
    const dimensions = dimensionsFor(config, counts(config.model));
    expect(countFlops(loop!, dimensions)).toEqual(countFlops(all!, dimensions));
    expect(loop!.predictions).toHaveLength(2);
    expect(all!.predictions).toHaveLength(steps);
  });
});
