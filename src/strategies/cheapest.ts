/**
 * The cheapest combination of changes that fits. Cheapest: precision and optimizer as they are; then the least recomputed FLOPs;
 * then the largest micro-batch; then the lowest peak; then the fewest changes. Only where nothing fits another precision is
 * tried, then another optimizer, then both. Every combination is considered, so that "nothing fits" is a fact about the catalogue.
 */
import type { Config, Device } from '../config/types.js';
import type { Trace } from '../memory/trace.js';
import type { Counts } from '../program/dimensions.js';
import type { ForwardProgram } from '../program/types.js';
import { runtimes } from '../runtimes/index.js';
import { applyChanges } from './apply.js';
import { catalogue } from './index.js';
import {
  buildProgram,
  costOf,
  fits,
  leastWithoutOptimizer,
  mostUsableBytes,
  type SizedStep,
  type StepCost,
  sizeStep,
} from './step.js';
import type { Change, Numerics, Strategy } from './types.js';
import { microBatchesOf, processChangesOf, type Shape, shapesOf } from './ways.js';

export interface Way extends StepCost {
  readonly config: Config;
  readonly peakLiveBytes: number;
  readonly numerics: Numerics;
}

export interface SearchInput {
  readonly config: Config;
  readonly counts: Counts;
  readonly device: Device;
  /** The strategies whose combinations leave the numbers as they are. */
  readonly strategies?: readonly Strategy[];
}

const withoutRounding = catalogue.filter(({ numerics, aside }) => numerics === 'same' && !aside);

export function cheapestWay(input: SearchInput): Way | undefined {
  const search = { strategies: withoutRounding, ...input };
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

interface Candidate extends StepCost {
  readonly shape: Shape;
  readonly program: ForwardProgram;
  /** By whether micro-steps are accumulated: up to sizes there are no other traces of a shape. */
  readonly traces: Map<boolean, Trace>;
}

interface FromHere {
  readonly way: Omit<Way, 'numerics'> | undefined;
  /** With whatever optimizer, no combination needs less. */
  readonly floorBytes: number;
}

function cheapestFrom(search: Required<SearchInput>): FromHere {
  const { config, counts, strategies } = search;
  const candidates: Candidate[] = [];
  for (const shape of shapesOf(strategies, config)) {
    const program = buildProgram(shape.config);
    candidates.push({ shape, program, traces: new Map(), ...costOf(program, shape.config, counts) });
  }
  const microBatches = microBatchesOf(strategies, config);
  let floorBytes = Number.POSITIVE_INFINITY;
  for (const equals of groupsByRecomputation(candidates)) {
    for (const microBatch of microBatches) {
      const steps = equals.map((candidate) => ({ candidate, step: stepOf(candidate, microBatch, counts) }));
      const way = leanestThatFits(search, steps);
      if (way) return { way, floorBytes };
      floorBytes = steps.reduce((least, { step }) => Math.min(least, leastWithoutOptimizer(step)), floorBytes);
    }
  }
  return { way: undefined, floorBytes };
}

function groupsByRecomputation(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const groups = new Map<number, Candidate[]>();
  for (const candidate of candidates) {
    const { recomputedSampleFlops } = candidate;
    const group = groups.get(recomputedSampleFlops);
    if (group) group.push(candidate);
    else groups.set(recomputedSampleFlops, [candidate]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function stepOf({ shape, program, traces }: Candidate, microBatch: Change, counts: Counts): SizedStep {
  const config = applyChanges(shape.config, [microBatch])!;
  const accumulates = config.recipe.accumulate > 1;
  let trace = traces.get(accumulates);
  if (trace === undefined) {
    trace = runtimes[config.runtime].runtime.trace(program, config);
    traces.set(accumulates, trace);
  }
  return sizeStep(config, trace, counts);
}

/** Of equally expensive steps with equally many samples: by peak, then by changes. */
function leanestThatFits(
  { device, strategies }: Required<SearchInput>,
  steps: readonly { readonly candidate: Candidate; readonly step: SizedStep }[],
): Omit<Way, 'numerics'> | undefined {
  const ordered = steps
    .filter(({ step }) => step.peakLiveBytes <= mostUsableBytes(step.config, device))
    .sort(
      (a, b) =>
        a.step.peakLiveBytes - b.step.peakLiveBytes || a.candidate.shape.numChanges - b.candidate.shape.numChanges,
    );
  for (const { candidate, step } of ordered) {
    const { sampleFlops, recomputedSampleFlops } = candidate;
    for (const change of processChangesOf(strategies, step.config)) {
      const config = applyChanges(step.config, change)!;
      if (!fits({ ...step, config }, device)) continue;
      return { config, peakLiveBytes: step.peakLiveBytes, sampleFlops, recomputedSampleFlops };
    }
  }
  return undefined;
}
