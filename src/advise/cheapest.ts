/**
 * The cheapest combinations of changes that fit. Cheapest: precision and optimizer as they are; then with the least on the host;
 * then the least recomputed FLOPs; then the largest micro-batch; then the fewest changes of the process around the same arrays;
 * then the lowest peak; then the fewest other changes. Only where nothing fits another precision is tried, then another optimizer,
 * then both. Every combination is considered, so that "nothing fits" is a fact about the catalogue.
 */
import type { ErrorBar } from '../accuracy/figures.js';
import { noCheckpoint } from '../config/checkpoint.js';
import type { Config, Device } from '../config/types.js';
import { yieldToEvents } from '../event-loop.js';
import type { Counts } from '../models/dimensions.js';
import { runtimes } from '../parallel/index.js';
import { isParallel } from '../parallel/ranks.js';
import { mostLiveBytes } from '../search/candidate-verdict.js';
import { applyChanges, trains } from './apply.js';
import { microBatchesOf, processChangesOf } from './combinations.js';
import { atDepth, shallowDepths } from './depth.js';
import { Effort } from './effort.js';
import { EqualCostPlans } from './equal-cost.js';
import { catalogue } from './index.js';
import {
  type Candidate,
  type Fitting,
  type FittingPlan,
  fittingOf,
  grouped,
  type LeanestSearch,
  leanestThatFits,
} from './leanest-that-fits.js';
import { keptForBackward } from './moments.js';
import { eachOnce } from './planned-step.js';
import { fits, fitting, mostArrayBytes } from './sized-step.js';
import type { Change, Numerics, Strategy } from './types.js';
import { usualCutOf } from './typical.js';

export interface Remedy extends FittingPlan {
  readonly numerics: Numerics;
}

export interface SearchInput {
  readonly config: Config;
  readonly counts: Counts;
  readonly device: Device;
  /** With such estimates so far. */
  readonly errorBar: ErrorBar;
  /** The strategies whose combinations leave the numbers as they are. */
  readonly strategies?: readonly Strategy[];
  /** What searches of the same model share; by default none, and all that it takes. */
  readonly effort?: Effort;
}

const withoutRounding = catalogue.filter(({ numerics, aside }) => numerics === 'same' && !aside);

const searchOf = (input: SearchInput): Search => ({
  strategies: withoutRounding,
  effort: Effort.unlimited(),
  ...input,
  pool: { decides: false },
});

/** The first remedy that leaves the numbers as they are. */
export async function cheapestSameRemedy(input: SearchInput): Promise<Remedy | undefined> {
  const { remedy } = await cheapestFrom(searchOf(input));
  return remedy && { ...remedy, numerics: 'same' };
}

/** The remedy with the lowest peak that leaves the numbers and the micro-batch as they are, whatever it costs. */
export async function leanestSameRemedy(input: SearchInput): Promise<Remedy | undefined> {
  const search = searchOf(input);
  const { perStep } = keptWhereAllIsRecomputed(search, []);
  const candidates = EqualCostPlans.of(search).flatMap((plans) =>
    plans.steps({}, perStep).map((step) => ({ step, cost: plans.cost })),
  );
  const remedy = await leanestThatFits(search, candidates);
  return remedy && { ...remedy, numerics: 'same' };
}

/** Whether the step fits as it is, or with changes of the process around it. */
export function fitsWithChange(input: SearchInput, config: Config): boolean {
  const { strategies, effort, counts, ...on } = searchOf(input);
  const step = effort.step(config, counts);
  return processChangesOf(strategies, config).some((changes) =>
    fits({ ...step, config: applyChanges(config, changes)! }, on),
  );
}

/** The processor alone recomputed, in groups of the usual size, where that fits. */
export function usualCut(input: SearchInput): Fitting | undefined {
  const { config, effort, counts } = searchOf(input);
  const change = usualCutOf(config);
  const cut = change && applyChanges(config, [change]);
  const found = cut && fitting(effort.step(cut, counts), input);
  return found && fittingOf(cut, found);
}

/** The first line of an advice, and an estimate's suggestion: one search, which ends when every combination has been looked at. */
export async function cheapestRemedy(input: SearchInput): Promise<Remedy | undefined> {
  const search = searchOf(input);
  const precisions = [input.config, ...alternatives('precision', input.config)];
  const floors: number[] = [];
  for (const [index, config] of precisions.entries()) {
    const { remedy, floorBytes } = await cheapestFrom({ ...search, config });
    if (remedy) return { ...remedy, numerics: index === 0 ? 'same' : 'rounding' };
    floors.push(floorBytes);
  }
  for (const [index, start] of precisions.entries()) {
    if (floors[index]! > mostArrayBytes(start, input.device)) continue;
    for (const config of alternatives('optimizer', start)) {
      const { remedy } = await cheapestFrom({ ...search, config });
      if (remedy) return { ...remedy, numerics: 'different' };
    }
  }
  return undefined;
}

const alternatives = (id: string, from: Config): readonly Config[] =>
  catalogue
    .filter((strategy) => strategy.id === id)
    .flatMap(({ changes }) => changes(from).flatMap((change) => applyChanges(from, [change]) ?? []));

type Search = SearchInput & LeanestSearch;

interface FromHere {
  readonly remedy: FittingPlan | undefined;
  /** With whatever optimizer, no combination needs less. */
  readonly floorBytes: number;
}

/** Of equally expensive steps with equally many samples the first. */
async function cheapestFrom(search: Search): Promise<FromHere> {
  let floorBytes = Number.POSITIVE_INFINITY;
  const noteFloor = (bytes: number) => {
    floorBytes = Math.min(floorBytes, bytes);
  };
  const { config, strategies, device, effort } = search;
  const room = mostArrayBytes(config, device);
  const microBatches = microBatchesOf(strategies, config);
  const keptByEveryPlan = remembered((changes) => keptWhereAllIsRecomputed(search, changes));
  /** With any optimizer, none of the plans stays below it. */
  const leastOf = (plans: EqualCostPlans, microBatch: Change) => {
    const kept = keptByEveryPlan([microBatch, plans.offloading]);
    return kept.bytes > room ? kept.bytes : Math.max(kept.bytes, plans.leastBytes(microBatch, kept.perStep));
  };
  const fewestSamples = microBatches.at(-1)!;
  /** Where the fewest samples are too many, all are. */
  const mayFit = async (families: readonly EqualCostPlans[]) => {
    const found: EqualCostPlans[] = [];
    for (const plans of families) {
      if (effort.isSpent) break;
      await yieldToEvents();
      const least = leastOf(plans, fewestSamples);
      if (least <= room && plans.plans.length > 0) found.push(plans);
      noteFloor(least);
    }
    return found;
  };
  for (const sameOffload of byOffload(EqualCostPlans.of(search))) {
    for (const equalCost of byCost(sameOffload)) {
      const equals = await mayFit(equalCost);
      for (const microBatch of microBatches) {
        if (effort.isSpent) return { remedy: undefined, floorBytes };
        const candidates: Candidate[] = [];
        for (const plans of equals) {
          await yieldToEvents();
          if (leastOf(plans, microBatch) > room) continue;
          const { perStep } = keptByEveryPlan([microBatch, plans.offloading]);
          candidates.push(...plans.steps(microBatch, perStep).map((step) => ({ step, cost: plans.cost })));
        }
        const distinct = eachOnce(candidates, (of) => mostLiveBytes(of, device, search.errorBar));
        const remedy = await leanestThatFits(search, distinct);
        for (const { step } of distinct) noteFloor(step.anyOptimizerBytes);
        if (remedy) return { remedy, floorBytes };
      }
    }
  }
  return { remedy: undefined, floorBytes };
}

interface Kept {
  readonly bytes: number;
  readonly perStep: number;
}

function remembered(keptWith: (changes: readonly Change[]) => Kept): (changes: readonly Change[]) => Kept {
  const known = new Map<string, Kept>();
  return (changes) => {
    const key = JSON.stringify(changes);
    const kept = known.get(key) ?? keptWith(changes);
    known.set(key, kept);
    return kept;
  };
}

/**
 * No plan keeps less for the backward pass than one that recomputes all of the model. Where no moment lies between the passes, nothing is
 * known of it.
 */
function keptWhereAllIsRecomputed({ config, counts, effort }: Search, changes: readonly Change[]): Kept {
  const recomputesAll = applyChanges(config, [...changes, { checkpoint: { ...noCheckpoint, model: true } }]);
  const { passesAreApart } = runtimes[config.runtime].search;
  if (!passesAreApart || !trains(config) || isParallel(config) || recomputesAll === undefined)
    return { bytes: 0, perStep: 0 };
  const [layers] = shallowDepths;
  const fewer = layers < config.model.layers ? atDepth(recomputesAll, layers, { kind: 'none' }) : undefined;
  const keptOf = (rolloutSteps: number) => {
    const { recipe, ...rest } = fewer ?? recomputesAll;
    const sized = { ...rest, recipe: { ...recipe, rolloutSteps } };
    return keptForBackward(effort.passes(sized, counts));
  };
  const { rolloutSteps } = config.recipe;
  if (rolloutSteps <= 2) return { bytes: keptOf(rolloutSteps), perStep: 0 };
  const [few, oneMore] = [2, 3].map(keptOf);
  const perStep = oneMore! - few!;
  return { bytes: few! + (rolloutSteps - 2) * perStep, perStep };
}

/** What crosses the bus costs time that FLOPs do not show: the least on the host first. */
const byOffload = (families: readonly EqualCostPlans[]): readonly (readonly EqualCostPlans[])[] =>
  grouped(families, ({ offloadRank }) => offloadRank);

const byCost = (families: readonly EqualCostPlans[]): readonly (readonly EqualCostPlans[])[] =>
  grouped(families, ({ cost }) => cost.recomputedSampleFlops);
