/** The first line of an advice, for an estimate that does not fit: the cheapest of the usual combinations. */
import type { ResolveInput } from '../config/resolve.js';
import type { Config } from '../config/types.js';
import type { Estimate } from '../report/schemas/estimate.js';
import { estimateCommand } from '../search/command-line.js';
import { flagsBetween } from '../strategies/apply.js';
import { cheapestWay } from '../strategies/cheapest.js';
import { typicalStrategies } from '../strategies/typical.js';
import { counts } from '../topology/counts.js';
import { estimateOf } from './estimate.js';
import { experience } from './experience.js';

/** About a quarter of a second. */
const maxEvents = 400_000;

type SmallestChange = Extract<Estimate['verdict'], { kind: 'exceeds' }>['smallestChange'];

export function smallestChange(input: ResolveInput, config: Config): SmallestChange {
  const { device, runtime, model, recipe } = config;
  if (device === null) return undefined;
  const way = cheapestWay({
    config,
    counts: counts(model),
    device,
    accuracy: experience(runtime),
    strategies: typicalStrategies,
    sameNumbers: true,
    maxEvents,
  });
  if (way === undefined) return undefined;
  const flags = flagsBetween(recipe, way.config.recipe);
  return {
    change: estimateCommand(undefined, flags).slice('gc-plan estimate '.length),
    command: estimateCommand(input.model, { ...input.flags, ...flags }),
    deviceBytes: estimateOf(way.config).memory.deviceBytes,
  };
}
