import { expect, it } from 'vitest';
import { estimate } from '../../src/services/estimate.js';
import { sweep } from '../../src/services/sweep.js';

const flags = {
  batch: '65536',
  'grid-nodes': '1038240',
  'mesh-nodes': '2562',
  'mesh-edges': '1000000000',
  'grid2mesh-edges': '105000',
  'mesh2grid-edges': '195480',
};

it('refuses a step whose bytes a float64 would round, though every option is within its limits', async () => {
  const refusal = { message: expect.stringMatching(/PiB; bytes are counted exactly up to 4 PiB/) };
  await expect(estimate({ model: 'tiny', flags })).rejects.toMatchObject(refusal);
  const space = { ...flags, vram: '2TB', 'hidden-dim': '16,32', layers: '2', checkpoint: 'none' };
  await expect(sweep({ model: 'tiny', flags: space })).rejects.toMatchObject(refusal);
});
