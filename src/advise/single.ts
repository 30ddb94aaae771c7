/** Each strategy alone: the alternative of it that helps most, on top of the configuration as it is. */

import type { Config } from '../config/types.js';
import { yieldToEvents } from '../event-loop.js';
import { applyChanges } from './apply.js';
import type { SearchInput } from './cheapest.js';
import type { StepCost } from './costs.js';
import { Effort, isLong } from './effort.js';
import { Floors } from './floors.js';
import { catalogue } from './index.js';
import { LeanestFirst } from './leanest-first.js';
import { PlannedStep } from './planned-step.js';
import { fits, mostArrayBytes } from './sized-step.js';
import type { Strategy } from './types.js';

export interface SingleChange extends StepCost {
  readonly strategy: Strategy;
  readonly config: Config;
}

interface Alternative extends SingleChange {
  readonly step: PlannedStep;
}

export async function singleChanges(input: SearchInput): Promise<readonly SingleChange[]> {
  const effort = input.effort ?? Effort.unlimited();
  const found: SingleChange[] = [];
  for (const strategy of catalogue) {
    const best = await bestOf(strategy, { ...input, effort });
    if (best) found.push(best);
  }
  return found;
}

/** The cheapest alternative that fits; where none does, the one with the lowest peak. Only those are traced that may be one of them. */
async function bestOf(
  strategy: Strategy,
  { config, counts, effort, ...on }: SearchInput & { readonly effort: Effort },
): Promise<SingleChange | undefined> {
  const room = mostArrayBytes(config, on.device);
  // What is too much is compared with others too, where none fits.
  const floors = new Floors(effort, counts, Number.POSITIVE_INFINITY);
  const alternatives = strategy
    .changes(config)
    .flatMap((change) => applyChanges(config, [change]) ?? [])
    .map((changed): Alternative => {
      const step = new PlannedStep(changed, 0, floors);
      return { strategy, config: changed, step, ...effort.cost(changed, counts) };
    });
  // What there is no other of is reported whatever it needs; of steps longer than anybody's only so many events are looked at.
  if (alternatives.length === 1 && !isLong(config)) alternatives[0]!.step.skipBounds();
  for (const equals of byCost(alternatives)) {
    // Roundings and optimizers are listed mildest first.
    for await (const each of strategy.numerics === 'same' ? byPeak(equals, room, effort) : equals) {
      if (mayFit(each.step, room) && fits(each.step.step(), on)) return each;
    }
  }
  for await (const lowest of byPeak(alternatives, Number.POSITIVE_INFINITY, effort)) return lowest;
  return undefined;
}

function mayFit(step: PlannedStep, room: number): boolean {
  while (step.leastBytes <= room) if (!step.refine()) return true;
  return false;
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

/** Up to `most` bytes, the leanest first; the others are traced only where more than it is asked for. */
async function* byPeak(
  alternatives: readonly Alternative[],
  most: number,
  effort: Effort,
): AsyncGenerator<Alternative> {
  const left = new LeanestFirst(alternatives);
  for (let next = left.first; next && next.step.leastBytes <= most && !effort.isSpent; next = left.first) {
    await yieldToEvents();
    if (next.step.refine()) continue;
    left.removeFirst();
    yield next;
  }
}
