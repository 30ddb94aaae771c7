import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config, Offload } from '../../../src/config/types.js';
import { numElements } from '../../../src/ir/shape.js';
import { aliveAfter, liveness } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { counts } from '../../../src/models/counts.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { priceProgram } from '../../../src/price.js';
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
      { numRuns: 25 },
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

/** 1 − β₁ᵗ and 1 − β₂ᵗ, made when the update begins. */
const scalarBytes = { adam: 8, momentum: 0 };
/** What an update has made when it is about to assign the parameter, and momentum's velocity, which is assigned no earlier. */
const copiesInUpdate = { adam: 14, momentum: 5 };

describe('with the optimizer’s state on the host', () => {
  it.each(['adam', 'momentum'] as const)(
    '%s holds copies of one parameter at a time, of no other',
    async (optimizer) => {
      const flags = { runtime: 'tfjs', grid: '31x60', 'hidden-dim': '32', optimizer, offload: 'optimizer' };
      const config = await resolveConfig({ model: 'tiny', flags });
      const { program, trace, dimensions } = priceProgram(config, counts(config.model));
      const bytesOfBuffer = bufferBytes(trace, dimensions);
      const update = trace.marks.find(({ phase }) => phase === 'optimizer')!;
      const whenItBegins = aliveAfter(trace, update.firstEvent - 1).reduce((sum, id) => sum + bytesOfBuffer[id]!, 0);
      const largest = Math.max(
        ...program.parameters.map(({ value }) => numElements(program.values[value]!.shape, dimensions)),
      );
      const phase = liveness(trace, dimensions).phases.find(({ phase }) => phase === 'optimizer')!;
      expect(phase.peakLiveBytes - whenItBegins).toBe(4 * largest * copiesInUpdate[optimizer] + scalarBytes[optimizer]);
    },
  );

  it('two numbers for each parameter stay in place of its moments', async () => {
    const flags = { runtime: 'tfjs', grid: '5x8', 'hidden-dim': '16' };
    const [none, adamw] = await Promise.all(
      ['none', 'adamw'].map(async (optimizer) =>
        resolveConfig({ model: 'tiny', flags: { ...flags, optimizer, offload: 'optimizer' } }),
      ),
    );
    const numTrained = priceProgram(none!, counts(none!.model)).program.parameters.filter(({ used }) => used).length;
    expect(livenessOf(adamw!).forwardEndBytes - livenessOf(none!).forwardEndBytes).toBe(2 * 4 * numTrained);
  });
});
