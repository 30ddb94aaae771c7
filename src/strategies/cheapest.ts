/**
 * The cheapest combination of changes that fits. Cheapest: precision and optimizer as they are; then the least recomputed FLOPs;
 * then the largest micro-batch; then the lowest peak; then the fewest changes. Only where nothing fits another precision is
 * tried, then another optimizer, then both. Every combination is considered, so that "nothing fits" is a fact about the catalogue.
 */
import type { Accuracy } from '../accuracy/shipped.js';
import type { Config, Device } from '../config/types.js';
import type { Counts } from '../program/dimensions.js';
import { applyChanges } from './apply.js';
import { Effort, Family, type SizedShape } from './families.js';
import { catalogue } from './index.js';
import { fits, mostUsableBytes, type StepCost } from './step.js';
import type { Numerics, Strategy } from './types.js';
import { microBatchesOf, processChangesOf, shapesOf } from './ways.js';

export interface Way extends StepCost {
  readonly config: Config;
  readonly peakLiveBytes: number;
  readonly numerics: Numerics;
}

export interface SearchInput {
  readonly config: Config;
  readonly counts: Counts;
  readonly device: Device;
  /** Of the runtime's estimates so far. */
  readonly accuracy: Accuracy;
  /** The strategies whose combinations leave the numbers as they are. */
  readonly strategies?: readonly Strategy[];
  /** How many events may be traced; all that it takes by default. */
  readonly maxEvents?: number;
  /** Other precisions and optimizers are left alone. */
  readonly sameNumbers?: boolean;
}

const withoutRounding = catalogue.filter(({ numerics, aside }) => numerics === 'same' && !aside);

export function cheapestWay(input: SearchInput): Way | undefined {
  const effort = new Effort(input.maxEvents ?? Number.POSITIVE_INFINITY);
  const search = { strategies: withoutRounding, ...input, effort };
  if (input.sameNumbers) {
    const { way } = cheapestFrom(search);
    return way && { ...way, numerics: 'same' };
  }
  const precisions = [input.config, ...alternatives('precision', input.config)];
  const floors: number[] = [];
  for (const [index, config] of precisions.entries()) {
    const { way, floorBytes } = cheapestFrom({ ...search, config });
    if (way) return { ...way, numerics: index === 0 ? 'same' : 'rounding' };
    floors.push(floorBytes);
  }
  for (const [index, start] of precisions.entries()) {
    if (floors[index]! > mostUsableBytes(start, input.device)) continue;
    for (const config of alternatives('optimizer', start)) {
      const { way } = cheapestFrom({ ...search, config });
      if (way) return { ...way, numerics: 'different' };
    }
  }
  return undefined;
}

const alternatives = (id: string, from: Config): readonly Config[] =>
  catalogue
    .filter((strategy) => strategy.id === id)
    .flatMap(({ changes }) => changes(from).flatMap((change) => applyChanges(from, [change]) ?? []));

interface FromHere {
  readonly way: Omit<Way, 'numerics'> | undefined;
  /** With whatever optimizer, no combination needs less. */
  readonly floorBytes: number;
}

interface Search extends SearchInput {
  readonly strategies: readonly Strategy[];
  readonly effort: Effort;
}

function cheapestFrom(search: Search): FromHere {
  const { config, counts, strategies, device, effort } = search;
  const families = Family.of(shapesOf(strategies, config), counts, effort);
  const microBatches = microBatchesOf(strategies, config);
  let floorBytes = Number.POSITIVE_INFINITY;
  for (const equals of groupsByRecomputation(families)) {
    for (const microBatch of microBatches) {
      if (effort.isSpent) return { way: undefined, floorBytes };
      const candidates: Candidate[] = [];
      for (const { cost, ...family } of equals.map((each) => ({
        cost: each.cost,
        ...each.sized(microBatch, device),
      }))) {
        floorBytes = Math.min(floorBytes, family.leastBytes);
        candidates.push(...family.steps.map((sized) => ({ ...sized, cost })));
      }
      const way = leanestThatFits(search, candidates);
      if (way) return { way, floorBytes };
    }
  }
  return { way: undefined, floorBytes };
}

function groupsByRecomputation(families: readonly Family[]): readonly (readonly Family[])[] {
  const groups = new Map<number, Family[]>();
  for (const family of families) {
    const key = family.cost.recomputedSampleFlops;
    const group = groups.get(key);
    if (group) group.push(family);
    else groups.set(key, [family]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

interface Candidate extends SizedShape {
  readonly cost: StepCost;
}

/** Of equally expensive steps with equally many samples: by peak, then by changes. */
function leanestThatFits(
  { strategies, ...on }: Search,
  candidates: readonly Candidate[],
): Omit<Way, 'numerics'> | undefined {
  const ordered = candidates.toSorted(
    (a, b) => a.step.peakLiveBytes - b.step.peakLiveBytes || a.shape.numChanges - b.shape.numChanges,
  );
  for (const { step, cost } of ordered) {
    for (const change of processChangesOf(strategies, step.config)) {
      const config = applyChanges(step.config, change)!;
      if (fits({ ...step, config }, on)) return { config, peakLiveBytes: step.peakLiveBytes, ...cost };
    }
  }
  return undefined;
}
