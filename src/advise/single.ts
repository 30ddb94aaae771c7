/** Each strategy alone: the alternative of it that helps most, on top of the configuration as it is. */
import type { Config } from '../config/types.js';
import { traceOf } from '../parallel/index.js';
import { applyChanges } from './apply.js';
import type { SearchInput } from './cheapest.js';
import { catalogue } from './index.js';
import { bytesIfItFits, costOf, type SizedStep, type StepCost, sizeStep } from './sized-step.js';
import type { Strategy } from './types.js';

export interface SingleChange extends StepCost {
  readonly strategy: Strategy;
  readonly config: Config;
}

interface Alternative extends SingleChange {
  readonly step: SizedStep;
}

export const singleChanges = (input: SearchInput): readonly SingleChange[] =>
  catalogue.flatMap((strategy) => bestOf(strategy, input) ?? []);

/** The cheapest alternative that fits; where none does, the one with the lowest peak. */
function bestOf(strategy: Strategy, { config, counts, ...on }: SearchInput): SingleChange | undefined {
  const alternatives = strategy
    .changes(config)
    .flatMap((change) => applyChanges(config, [change]) ?? [])
    .map(
      (changed): Alternative => ({
        strategy,
        config: changed,
        step: sizeStep(changed, traceOf(changed), counts),
        ...costOf(changed, counts),
      }),
    );
  const byPeak = alternatives.toSorted((a, b) => a.step.peakLiveBytes - b.step.peakLiveBytes);
  // Roundings and optimizers are listed mildest first.
  const byCost = (strategy.numerics === 'same' ? byPeak : alternatives).toSorted(
    (a, b) =>
      a.recomputedSampleFlops - b.recomputedSampleFlops || b.config.recipe.batchSize - a.config.recipe.batchSize,
  );
  return byCost.find(({ step }) => bytesIfItFits(step, on) !== undefined) ?? byPeak[0];
}
