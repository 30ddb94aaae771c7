/** The first lines of an advice, for an estimate that does not fit: the cheapest of the usual combinations. */

import { flagsBetween } from '../advise/apply.js';
import { cheapestWays, type Way } from '../advise/cheapest.js';
import { typicalStrategies } from '../advise/typical.js';
import type { Config } from '../config/types.js';
import type { ResolveInput } from '../options/resolve.js';
import type { Estimate } from '../report/schemas/estimate.js';
import { estimateCommand, typedFlags } from '../search/command-line.js';
import { counts } from '../topology/counts.js';
import { experience } from './experience.js';
import { estimateOf } from './priced.js';

/** About a quarter of a second. */
const maxEvents = 400_000;
const maxChanges = 3;

type NoFit = Extract<Estimate['verdict'], { kind: 'exceeds' }>;

export function cheapestChanges(input: ResolveInput, config: Config): Pick<NoFit, 'smallestChange' | 'furtherChanges'> {
  const { device, runtime, model, recipe } = config;
  if (device === null) return {};
  const search = {
    config,
    counts: counts(model),
    device,
    accuracy: experience(runtime),
    strategies: typicalStrategies,
  };
  const toChange = ({ config: changed }: Way) => {
    const flags = flagsBetween(recipe, changed.recipe);
    return {
      change: typedFlags(flags),
      command: estimateCommand(input.model, { ...input.flags, ...flags }),
      deviceBytes: estimateOf(changed).memory.deviceBytes,
    };
  };
  const [smallestChange, ...furtherChanges] = cheapestWays({ ...search, maxEvents }, maxChanges).map(toChange);
  if (smallestChange === undefined) return {};
  return { smallestChange, ...(furtherChanges.length > 0 && { furtherChanges }) };
}
