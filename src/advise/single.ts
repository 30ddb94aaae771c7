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

type PeakOf = (each: Alternative) => number;

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
  const mayFit = alternatives.filter((each) => each.floorBytes <= room);
  for (const equals of byCost(mayFit)) {
    // Roundings and optimizers are listed mildest first.
    for (const each of strategy.numerics === 'same' ? byPeak(equals, peakOf) : equals) {
      if (peakOf(each) <= room && fits(effort.step(each.config, counts), on)) return each;
    }
  }
  return leanest(alternatives, peakOf);
}

/** Those of equal cost together, the cheapest first: a dearer one is traced only where no cheaper one fits. */
function byCost(alternatives: readonly Alternative[]): readonly (readonly Alternative[])[] {
  const groups = new Map<string, Alternative[]>();
  const inOrder = alternatives.toSorted(
    (a, b) =>
      a.recomputedSampleFlops - b.recomputedSampleFlops || b.config.recipe.batchSize - a.config.recipe.batchSize,
  );
  for (const each of inOrder) {
    const cost = `${each.recomputedSampleFlops} ${each.config.recipe.batchSize}`;
    groups.set(cost, [...(groups.get(cost) ?? []), each]);
  }
  return [...groups.values()];
}

/** The leanest first: the others are traced only where more than it is asked for. */
function* byPeak(alternatives: readonly Alternative[], peakOf: PeakOf): Generator<Alternative> {
  const left = [...alternatives];
  for (let next = leanest(left, peakOf); next; next = leanest(left, peakOf)) {
    left.splice(left.indexOf(next), 1);
    yield next;
  }
}

/** The first of those with the lowest peak. */
function leanest(alternatives: readonly Alternative[], peakOf: PeakOf): Alternative | undefined {
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
