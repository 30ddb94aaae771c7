/** Every declared limit can be typed: what lies at it is answered with ordered numbers after a bounded number of events, or refused with a reason. */
import { describe, expect, it } from 'vitest';
import { standInDevice } from '../../src/config/device.js';
import { maximumEdgeBlocks, maximumLayers } from '../../src/config/limits.js';
import { type ModelProfile, profileNames, readProfile } from '../../src/config/profiles.js';
import type { RuntimeName } from '../../src/config/types.js';
import { InputError } from '../../src/errors.js';
import { counts } from '../../src/models/counts.js';
import { layoutOf } from '../../src/models/index.js';
import { allOptions } from '../../src/options/definitions/shared.js';
import { resolveWith } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { price } from '../../src/price.js';
import { toReport } from '../../src/services/priced.js';
import { endsOf } from '../cli/typed-values.js';
import { ordered } from './ordered.js';

/** Three seconds of tracing. */
const mostEvents = 3_000_000;

const ends = allOptions().flatMap(({ name, sets, value }) =>
  endsOf(value).map((end) => ({ name, isCount: sets?.startsWith('model.counts.') === true, end })),
);
const countNames = [...new Set(ends.filter(({ isCount }) => isCount).map(({ name }) => name))];

/** A graph of one's own is five numbers: the others are small. */
const counted = (name: string, end: string): Flags =>
  Object.fromEntries(countNames.map((other) => [other, other === name ? end : '1000']));

const deepest = String(maximumLayers);
const atLimits: readonly Flags[] = [
  ...ends.map(({ name, isCount, end }) => (isCount ? counted(name, end) : { [name]: end })),
  ...ends.filter(({ isCount }) => !isCount).map(({ name, end }) => ({ mode: 'inference', [name]: end })),
  { checkpoint: `edges:blocks=${maximumEdgeBlocks}` },
  { checkpoint: `encoder+decoder+edges:blocks=${maximumEdgeBlocks}` },
  { checkpoint: `encoder+decoder+edges:blocks=${maximumEdgeBlocks}:loop` },
  { checkpoint: `processor:every=${maximumLayers}`, layers: deepest },
  { checkpoint: 'processor:every=1', layers: deepest },
  { checkpoint: `processor:segments=${2 * (maximumLayers - 2)}`, layers: deepest },
  { checkpoint: 'rollout', rollout: '24' },
  // What makes a step longer, together.
  { layers: deepest, 'mlp-hidden-layers': '8' },
  { rollout: '12', accumulate: '65536' },
  { gpus: '65536', parallel: 'zero3', layers: deepest },
  { gpus: '1024', parallel: 'pipeline', accumulate: '65536', layers: deepest },
];

const models = profileNames('models').map((name) => readProfile<ModelProfile>('models', name));
const layouts = [...new Map(models.map((profile) => [profile.model.layout, profile])).values()];
const cases = layouts.flatMap((profile) =>
  layoutOf(profile.model.layout).runtimes.map((runtime) => [profile.name, runtime, profile] as const),
);

/** Answered: the number of events. Refused: the code of the reason. */
function outcome(profile: ModelProfile, runtime: RuntimeName, flags: Flags): number | string {
  try {
    const config = resolveWith(profile, { runtime, ...flags });
    const numbers = counts(config.model);
    const priced = price(config, numbers, standInDevice());
    ordered(toReport(config, priced));
    return priced.trace.events.length;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.nextSteps.length, error.message).toBeGreaterThan(0);
    return error.code;
  }
}

describe.each(cases)('%s in %s', (_, runtime, profile) => {
  it.each(atLimits.map((flags) => [JSON.stringify(flags), flags] as const))('%s', (_, flags) => {
    const found = outcome(profile, runtime, flags);
    if (typeof found === 'number') expect(found).toBeLessThan(mostEvents);
  });
});
