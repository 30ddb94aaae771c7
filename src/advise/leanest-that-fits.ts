/**
 * Of equally expensive steps with equally many samples the first that fits: by changes of the process around them, by peak, by other changes.
 * The one that may be the leanest is looked at more closely until it is known to be.
 */
import type { ErrorBar } from '../accuracy/figures.js';
import type { Config, Device } from '../config/types.js';
import { yieldToEvents } from '../event-loop.js';
import type { Counts } from '../models/dimensions.js';
import type { FittingStep } from '../runtimes/process.js';
import { mostLiveBytes } from '../search/candidate-verdict.js';
import { applyChanges } from './apply.js';
import { numChanged, processChangesOf } from './combinations.js';
import type { StepCost } from './costs.js';
import { anyOptimizerKey, type Effort } from './effort.js';
import { LeanestFirst } from './leanest-first.js';
import type { PlannedStep } from './planned-step.js';
import { fitting } from './sized-step.js';
import type { Strategy } from './types.js';

/** A step that fits, with what it takes of the card. */
export interface Fitting extends Pick<FittingStep, 'deviceBytes' | 'highBytes'> {
  readonly config: Config;
}

export const fittingOf = (config: Config, { deviceBytes, highBytes }: FittingStep): Fitting => ({
  config,
  deviceBytes,
  highBytes,
});

export interface FittingPlan extends StepCost, Fitting {
  readonly peakLiveBytes: number;
}

export interface LeanestSearch {
  readonly counts: Counts;
  readonly device: Device;
  /** With such estimates so far. */
  readonly errorBar: ErrorBar;
  readonly strategies: readonly Strategy[];
  readonly effort: Effort;
  /** Whether a step whose arrays go in has not fitted. */
  readonly pool: { decides: boolean };
}

export interface Candidate {
  readonly step: PlannedStep;
  readonly cost: StepCost;
}

export async function leanestThatFits(
  search: LeanestSearch,
  candidates: readonly Candidate[],
): Promise<FittingPlan | undefined> {
  const { strategies, ...on } = search;
  const around = candidates.flatMap((candidate) =>
    processChangesOf(strategies, candidate.step.config).map((changes) => ({ candidate, changes })),
  );
  for (const equals of grouped(around, ({ changes }) => numChanged(changes))) {
    const choices = equals.map(({ candidate, changes }): Choice => {
      const config = applyChanges(candidate.step.config, changes)!;
      return { ...candidate, config, mostBytes: mostLiveBytes(config, on.device, on.errorBar) };
    });
    const left = new LeanestFirst(choices);
    for (let choice = left.first; choice && !search.effort.isSpent; choice = left.first) {
      await yieldToEvents();
      const { step, config, cost, mostBytes } = choice;
      if (step.leastBytes > mostBytes) {
        left.removeFirst();
        continue;
      }
      if (search.pool.decides && !passesFit(search, choice)) {
        left.removeFirst();
        continue;
      }
      if (step.refine()) continue;
      left.removeFirst();
      const found = fitting({ ...step.step(), config }, on);
      if (found) return { ...fittingOf(config, found), peakLiveBytes: step.leastBytes, ...cost };
      search.pool.decides = true;
    }
  }
  return undefined;
}

/**
 * A step begins with its passes, and what an allocator reserves never shrinks before it is full: where they are too much, no update of any
 * optimizer is traced. Elsewhere live bytes have told.
 */
function passesFit({ effort, counts, device, errorBar }: LeanestSearch, { config, mostBytes }: Choice): boolean {
  const numFitting = effort.least(`passes fit ${mostBytes} ${anyOptimizerKey(config)}`, () =>
    Number(effort.passesMayFit(config, counts, { device, errorBar })),
  );
  return numFitting > 0;
}

interface Choice extends Candidate {
  /** With a change of the process around the step. */
  readonly config: Config;
  readonly mostBytes: number;
}

/** Smallest key first. */
export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => number): readonly (readonly Item[])[] {
  const groups = new Map<number, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
