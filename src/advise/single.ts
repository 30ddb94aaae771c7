/** Each strategy alone: the alternative of it that helps most, on top of the configuration as it is. */
import type { Config } from '../config/types.js';
import { applyChanges } from './apply.js';
import type { SearchInput } from './cheapest.js';
import { Effort, Floors } from './floors.js';
import { catalogue } from './index.js';
import { costOf, fits, mostArrayBytes, type StepCost } from './sized-step.js';
import type { Strategy } from './types.js';

export interface SingleChange extends StepCost {
  readonly strategy: Strategy;
  readonly config: Config;
}

interface Alternative extends SingleChange {
  /** Its peak of live bytes is not below it. */
  readonly floorBytes: number;
}

export function singleChanges(input: SearchInput): readonly SingleChange[] {
  const effort = input.effort ?? Effort.unlimited();
  return catalogue.flatMap((strategy) => bestOf(strategy, { ...input, effort }) ?? []);
}

/** The cheapest alternative that fits; where none does, the one with the lowest peak. Only those are traced that may be one of them. */
function bestOf(
  strategy: Strategy,
  { config, counts, effort, ...on }: SearchInput & { readonly effort: Effort },
): SingleChange | undefined {
  const room = mostArrayBytes(config, on.device);
  const floors = new Floors(effort, counts, room);
  const alternatives = strategy
    .changes(config)
    .flatMap((change) => applyChanges(config, [change]) ?? [])
    .map((changed): Alternative => {
      const { peakBytes } = floors.of(changed);
      return { strategy, config: changed, floorBytes: peakBytes, ...costOf(changed, counts) };
    });
  const peakOf = remembered(({ config: each }: Alternative) => effort.step(each, counts).peakLiveBytes);
  const mayFit = alternatives.filter((each) => each.floorBytes <= room && peakOf(each) <= room);
  // Roundings and optimizers are listed mildest first.
  const inOrder = strategy.numerics === 'same' ? mayFit.toSorted((a, b) => peakOf(a) - peakOf(b)) : mayFit;
  const byCost = inOrder.toSorted(
    (a, b) =>
      a.recomputedSampleFlops - b.recomputedSampleFlops || b.config.recipe.batchSize - a.config.recipe.batchSize,
  );
  const fitting = byCost.find(({ config: each }) => fits(effort.step(each, counts), on));
  return fitting ?? leanest(alternatives, peakOf);
}

/** The first of those with the lowest peak. */
function leanest(alternatives: readonly Alternative[], peakOf: (each: Alternative) => number): Alternative | undefined {
  let lowest: Alternative | undefined;
  for (const each of alternatives.toSorted((a, b) => a.floorBytes - b.floorBytes)) {
    if (lowest && each.floorBytes > peakOf(lowest)) break;
    const comesBefore = lowest && alternatives.indexOf(each) < alternatives.indexOf(lowest);
    const higher = lowest ? peakOf(each) - peakOf(lowest) : -1;
    if (higher < 0 || (higher === 0 && comesBefore)) lowest = each;
  }
  return lowest;
}

function remembered<Key, Value>(find: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? find(key);
    known.set(key, value);
    return value;
  };
}
