/** A resolved configuration as `estimate` reports it. */
import { loadDevice } from '../config/profiles.js';
import type { Config } from '../config/types.js';
import { price, priceProgram } from '../estimate.js';
import type { Estimate } from '../report/schemas/estimate.js';
import type { Accuracies } from '../search/evaluate.js';
import type { Structure } from '../search/structure.js';
import { counts } from '../topology/counts.js';
import { standInDevice, toReport } from './estimate.js';
import { experience } from './experience.js';

export const experiences = (): Accuracies => ({
  jax: experience('jax'),
  pytorch: experience('pytorch'),
  tfjs: experience('tfjs'),
});

/** `structure`: where its trace is known already. */
export function priced(config: Config, structure?: Structure): Estimate {
  const numbers = counts(config.model);
  const step = priceProgram(config, numbers, structure);
  return toReport(config, price(config, numbers, loadDevice(standInDevice), step, experience(config.runtime)));
}
