/** The mask of dense attention is a constant of booleans, read where it lies; that of blocks is int32 and compared into the arena. */
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/options/resolve.js';
import { priced } from '../../../src/services/priced.js';

const numNodes = 2562;

describe('gencast-mini’s sampler', () => {
  it('in mha, compiled by jaxlib 0.10.2 (verify --runtime jax): within 2 %, which the mask beside it would exceed', async () => {
    const flags = {
      mode: 'inference',
      layers: '2',
      resolution: '6',
      'mesh-level': '4',
      'hidden-dim': '256',
      'k-hop': '4',
      attention: 'mha',
      'xla-gemm': 'cublas',
    };
    const { memory } = await priced(await resolveConfig({ model: 'gencast-mini', flags }));
    const compiledBytes = 247_832_024;
    expect(Math.abs(memory.peakLiveBytes / compiledBytes - 1)).toBeLessThan(0.02);
    expect((memory.peakLiveBytes + numNodes ** 2) / compiledBytes - 1).toBeGreaterThan(0.02);
  });
});
