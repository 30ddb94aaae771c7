import { expect, it } from 'vitest';
import { estimate } from '../../src/services/estimate.js';
import { solve } from '../../src/services/solve.js';

const model = 'physicsnemo-swe';
const pipeline = { runtime: 'pytorch', parallel: 'pipeline', grid: '8x16', 'mesh-level': '1' };
const size = { ...pipeline, layers: '6', 'hidden-dim': '768', accumulate: '8', vram: '1GB' };

it.each([
  ['0', 4],
  ['200MB', 5],
  ['300MB', undefined],
] as const)(
  'with %s held by others the fewest cards are those of a look at every number of them',
  async (reserve, fewest) => {
    const flags = { ...size, reserve };
    const fits: number[] = [];
    for (let gpus = 1; gpus <= 8; gpus++) {
      const { verdict } = await estimate({ model, flags: { ...flags, gpus: `${gpus}` } });
      if (verdict.kind === 'fits') fits.push(gpus);
    }
    expect(fits[0]).toBe(fewest);
    expect((await solve({ model, for: 'gpus', flags })).best?.value).toBe(fewest);
  },
);
