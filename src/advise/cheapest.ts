/**
 * The cheapest combinations of changes that fit. Cheapest: precision and optimizer as they are; then with the least on the host;
 * then the least recomputed FLOPs; then the largest micro-batch; then the fewest changes of the process around the same arrays;
 * then the lowest peak; then the fewest other changes. Only where nothing fits another precision is tried, then another optimizer,
 * then both. Every combination is considered, so that "nothing fits" is a fact about the catalogue.
 */
import type { ErrorBar } from '../accuracy/shipped.js';
import { noCheckpoint } from '../config/checkpoint.js';
import type { Config, Device } from '../config/types.js';
import type { Counts } from '../models/dimensions.js';
import { runtimes } from '../parallel/index.js';
import { applyChanges, trains } from './apply.js';
import { differences, microBatchesOf, numChanged, processChangesOf, stepPlansOf } from './combinations.js';
import { Effort, EqualCostPlans, type SizedPlan } from './equal-cost.js';
import { catalogue } from './index.js';
import { fits, keptForBackward, mostArrayBytes, type StepCost, sizeStep } from './sized-step.js';
import type { Change, Numerics, Strategy } from './types.js';

export interface Remedy extends StepCost {
  readonly config: Config;
  readonly peakLiveBytes: number;
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
  /** How many events may be traced; all that it takes by default. */
  readonly maxEvents?: number;
}

const withoutRounding = catalogue.filter(({ numerics, aside }) => numerics === 'same' && !aside);

const searchOf = (input: SearchInput): Search => ({
  strategies: withoutRounding,
  ...input,
  effort: new Effort(input.maxEvents ?? Number.POSITIVE_INFINITY),
});

/** The first remedy that leaves the numbers as they are. */
export function cheapestSameRemedy(input: SearchInput): Remedy | undefined {
  const [remedy] = remediesFrom(searchOf(input));
  return remedy && { ...remedy, numerics: 'same' };
}

/** Others than `first` that leave the numbers as they are, cheapest first; none takes all that a cheaper one takes, and more. */
export function furtherRemedies(input: SearchInput, first: Remedy, most: number): readonly Remedy[] {
  const found = [first];
  const partsOf = ({ config }: { readonly config: Config }) => differences(input.config.recipe, config.recipe);
  const isNews = (config: Config) =>
    !found.some((remedy) => partsOf(remedy).every((part) => partsOf({ config }).includes(part)));
  for (const remedy of remediesFrom({ ...searchOf(input), isNews })) {
    if (found.length > most) break;
    found.push({ ...remedy, numerics: 'same' });
  }
  return found.slice(1);
}

/** The first line of an advice, and an estimate's suggestion: one search, which ends when every combination has been looked at. */
export function cheapestRemedy(input: Omit<SearchInput, 'maxEvents'>): Remedy | undefined {
  const search = searchOf(input);
  const precisions = [input.config, ...alternatives('precision', input.config)];
  const floors: number[] = [];
  for (const [index, config] of precisions.entries()) {
    const { remedy, floorBytes } = cheapestFrom({ ...search, config });
    if (remedy) return { ...remedy, numerics: index === 0 ? 'same' : 'rounding' };
    floors.push(floorBytes);
  }
  for (const [index, start] of precisions.entries()) {
    if (floors[index]! > mostArrayBytes(start, input.device)) continue;
    for (const config of alternatives('optimizer', start)) {
      const { remedy } = cheapestFrom({ ...search, config });
      if (remedy) return { ...remedy, numerics: 'different' };
    }
  }
  return undefined;
}

const alternatives = (id: string, from: Config): readonly Config[] =>
  catalogue
    .filter((strategy) => strategy.id === id)
    .flatMap(({ changes }) => changes(from).flatMap((change) => applyChanges(from, [change]) ?? []));

interface Search extends SearchInput {
  readonly strategies: readonly Strategy[];
  readonly effort: Effort;
  /** Others are passed over. */
  readonly isNews?: (config: Config) => boolean;
}

type SameRemedy = Omit<Remedy, 'numerics'>;

interface FromHere {
  readonly remedy: SameRemedy | undefined;
  /** With whatever optimizer, no combination needs less. */
  readonly floorBytes: number;
}

function cheapestFrom(search: Search): FromHere {
  let floorBytes = Number.POSITIVE_INFINITY;
  const noteFloor = (bytes: number) => {
    floorBytes = Math.min(floorBytes, bytes);
  };
  const [remedy] = remediesFrom(search, noteFloor);
  return { remedy, floorBytes };
}

/** Cheapest first; at most one of equally expensive steps with equally many samples. */
function* remediesFrom(search: Search, noteFloor: (bytes: number) => void = () => {}): Generator<SameRemedy> {
  const { config, counts, strategies, device, effort } = search;
  const groups = EqualCostPlans.of(stepPlansOf(strategies, config), counts, effort);
  const microBatches = microBatchesOf(strategies, config);
  const keptByEveryPlan = remembered((changes) => keptWhereAllIsRecomputed(search, changes));
  for (const equals of byCost(groups)) {
    for (const microBatch of microBatches) {
      if (effort.isSpent) return;
      const kept = keptByEveryPlan([microBatch, equals[0]!.offloading]);
      if (kept.bytes > mostArrayBytes(config, device)) {
        noteFloor(kept.bytes);
        continue;
      }
      const candidates: Candidate[] = [];
      for (const plans of equals) {
        const { steps, leastBytes } = plans.sized(microBatch, device, kept.perStep);
        noteFloor(leastBytes);
        candidates.push(...steps.map((sized) => ({ ...sized, cost: plans.cost })));
      }
      const remedy = leanestThatFits(search, candidates);
      if (remedy) yield remedy;
    }
  }
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
  if (!passesAreApart || !trains(config) || recomputesAll === undefined) return { bytes: 0, perStep: 0 };
  const keptOf = (rolloutSteps: number) => {
    const sized = { ...recomputesAll, recipe: { ...recomputesAll.recipe, rolloutSteps } };
    return keptForBackward(sizeStep(sized, effort.trace(sized), counts));
  };
  const { rolloutSteps } = config.recipe;
  if (rolloutSteps <= 2) return { bytes: keptOf(rolloutSteps), perStep: 0 };
  const [few, oneMore] = [2, 3].map(keptOf);
  const perStep = oneMore! - few!;
  return { bytes: few! + (rolloutSteps - 2) * perStep, perStep };
}

function byCost(groups: readonly EqualCostPlans[]): readonly (readonly EqualCostPlans[])[] {
  const byKey = new Map<string, EqualCostPlans[]>();
  for (const plans of groups) {
    const key = `${plans.offloadRank} ${plans.cost.recomputedSampleFlops}`;
    const group = byKey.get(key);
    if (group) group.push(plans);
    else byKey.set(key, [plans]);
  }
  return [...byKey.values()].sort(
    ([a], [b]) => a!.offloadRank - b!.offloadRank || a!.cost.recomputedSampleFlops - b!.cost.recomputedSampleFlops,
  );
}

interface Candidate extends SizedPlan {
  readonly cost: StepCost;
}

/** Of equally expensive steps with equally many samples: by changes of the process around them, by peak, by other changes. */
function leanestThatFits(
  { strategies, isNews = () => true, ...on }: Search,
  candidates: readonly Candidate[],
): SameRemedy | undefined {
  const ordered = candidates
    .flatMap((candidate) =>
      processChangesOf(strategies, candidate.step.config).map((around) => ({ ...candidate, around })),
    )
    .sort(
      (a, b) =>
        numChanged(a.around) - numChanged(b.around) ||
        a.step.peakLiveBytes - b.step.peakLiveBytes ||
        a.plan.numChanges - b.plan.numChanges,
    );
  for (const { step, cost, around } of ordered) {
    const config = applyChanges(step.config, around)!;
    if (isNews(config) && fits({ ...step, config }, on)) return { config, peakLiveBytes: step.peakLiveBytes, ...cost };
  }
  return undefined;
}
