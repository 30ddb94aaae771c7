/** The first line of an advice, for an estimate that does not fit, and the usual cut of the processor where that would do as well. */

import { flagsThatMake } from '../advise/apply.js';
import { cheapestRemedy, type Remedy, usualCut } from '../advise/cheapest.js';
import { differences } from '../advise/combinations.js';
import { Effort } from '../advise/effort.js';
import type { Fitting } from '../advise/leanest-that-fits.js';
import { partsOf } from '../advise/parts.js';
import type { Config } from '../config/types.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolverFor } from '../options/resolve.js';
import type { Estimate } from '../reports/estimate/schema.js';
import { usableBytes } from '../runtimes/traits.js';
import { estimateCommand, typedFlags } from '../search/command-line.js';
import { errorBar, reportedAccuracy } from './accuracy.js';
import { sampleFlopsOf } from './priced.js';

type NoFit = Extract<Estimate['verdict'], { kind: 'exceeds' }>;

export async function cheapestChanges(
  input: ResolveInput,
  config: Config,
): Promise<Pick<NoFit, 'smallestChange' | 'furtherChanges'>> {
  const { device, model, recipe } = config;
  if (device === null) return {};
  const resolve = await resolverFor(input);
  const effort = Effort.unlimited();
  const search = { config, counts: counts(model), device, errorBar: errorBar(config), effort: effort.ofSearch(config) };
  const { range } = reportedAccuracy(config);
  const costOf = (each: Config) => sampleFlopsOf(each, effort.cost(each, search.counts));
  const toChange = ({ config: changed, deviceBytes, highBytes, numerics }: Fitting & Pick<Remedy, 'numerics'>) => {
    const flags = flagsThatMake(resolve, recipe, changed.recipe);
    const { range: other } = reportedAccuracy(changed);
    return {
      change: typedFlags(flags),
      command: estimateCommand(input.model, { ...input.flags, ...flags }),
      deviceBytes,
      highBytes,
      usableBytes: usableBytes(device, changed.recipe, changed.runtime, changed.reserveBytes),
      relativeCost: costOf(changed) / costOf(config),
      ...(other && other.xlaGemm !== range?.xlaGemm && { range: other }),
      code: partsOf(config, changed).flatMap(({ code }) => code),
      ...(numerics !== 'same' && { numerics }),
    };
  };
  const cheapest = await cheapestRemedy(search);
  if (cheapest === undefined) return {};
  const changesCut = differences(recipe, cheapest.config.recipe).includes('processor');
  // The cheapest may be an edit of the model's own code; a way that changes the numbers is named only where none leaves them.
  const usual = cheapest.numerics === 'same' && !changesCut ? usualCut(search) : undefined;
  const further = usual && { furtherChanges: [toChange({ ...usual, numerics: 'same' })] };
  return { smallestChange: toChange(cheapest), ...further };
}
