import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.js';
import type { Config, Offload } from '../../../src/config/types.js';
import { priceProgram } from '../../../src/estimate.js';
import { liveness } from '../../../src/memory/liveness.js';
import { counts } from '../../../src/topology/counts.js';
import { configured, inputs } from '../../laws/configurations.js';

function livenessOf(config: Config) {
  const { trace, dimensions } = priceProgram(config, counts(config.model));
  return liveness(trace, dimensions);
}

const withOffload = (config: Config, offload: Offload): Config => ({
  ...config,
  recipe: { ...config.recipe, offload },
});

describe('what waits on the host is not on the device', () => {
  it('no offload raises the peak, and both together hold no more than either', async () =>
    fc.assert(
      fc.asyncProperty(inputs('tfjs'), async (input) => {
        const config = await configured(input);
        fc.pre(config !== undefined && config.recipe.mode === 'train');
        const [none, optimizer, boundary, both] = (
          ['none', 'optimizer', 'boundary', 'optimizer+boundary'] as const
        ).map((offload) => livenessOf(withOffload(config!, offload)).peak.liveBytes) as [
          number,
          number,
          number,
          number,
        ];
        expect(optimizer).toBeLessThanOrEqual(none);
        expect(boundary).toBeLessThanOrEqual(none);
        expect(both).toBeLessThanOrEqual(Math.min(optimizer, boundary));
      }),
      { numRuns: 40 },
    ));
});

describe('with every layer recomputed', () => {
  const activationsWith = async (offload: Offload, layers: string) => {
    const flags = { runtime: 'tfjs', grid: '31x60', 'mesh-level': '3', 'hidden-dim': '16', offload, layers };
    const config = await resolveConfig({ model: 'tiny', flags: { ...flags, checkpoint: 'processor:every=1' } });
    const { peak, byCategory } = livenessOf(config);
    expect(peak.phase).toBe('backward');
    return byCategory.activation + byCategory.temporary;
  };

  it('boundaries make a deeper processor hold more activations; on the host they do not', async () => {
    expect(await activationsWith('none', '12')).toBeGreaterThan(await activationsWith('none', '6'));
    expect(await activationsWith('boundary', '12')).toBe(await activationsWith('boundary', '6'));
  });
});
