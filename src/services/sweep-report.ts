/** What a sweep found, as its report. Every number that is shown comes from `price`, the function behind `estimate`. */
import { formatCheckpoint } from '../config/checkpoint.js';
import { loadDevice } from '../config/profiles.js';
import { resolveWith } from '../config/resolve.js';
import type { Config } from '../config/types.js';
import { price } from '../estimate.js';
import type { Estimate } from '../report/schemas/estimate.js';
import type { Sweep } from '../report/schemas/sweep.js';
import { type Candidates, states } from '../search/candidates.js';
import { estimateCommand } from '../search/command-line.js';
import { checksOf, growthRules } from '../search/growth-rules.js';
import { type ParetoPoint, paretoFront } from '../search/pareto.js';
import type { NeedsMore, ProgressivePlan, Stage } from '../search/progressive.js';
import { type Axis, flagsOfCandidate, type Space, sizeOfCandidate } from '../search/space.js';
import { counts } from '../topology/counts.js';
import { standInDevice, toReport } from './estimate.js';

export function priced(config: Config): Estimate {
  return toReport(config, price(config, counts(config.model), loadDevice(standInDevice)));
}

export function tally(candidates: Candidates): Sweep['candidates'] {
  const of = Object.fromEntries(states.map((state) => [state, 0])) as Record<(typeof states)[number], number>;
  for (const code of candidates.state) of[states[code]!]++;
  const exceeds = of.exceeds + of.exceedsDeduced;
  return {
    total: of.fits + of.tight + exceeds,
    fits: of.fits,
    tight: of.tight,
    exceeds,
    deduced: of.exceedsDeduced,
    excluded: of.excluded,
    impossible: of.refused,
    pending: of.pending,
  };
}

const asNumber = (text: string): string | number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);

export const axisValues = ({ values }: Axis): Sweep['space'][string] =>
  values.map((value) => (typeof value === 'string' ? asNumber(value) : value));

export function frontOf(space: Space, candidates: Candidates): readonly ParetoPoint[] {
  const points: ParetoPoint[] = [];
  for (const [index, code] of candidates.state.entries()) {
    if (states[code] !== 'fits') continue;
    points.push({
      index,
      ...sizeOfCandidate(space, index),
      sampleFlops: candidates.sampleFlops[index]!,
      deviceBytes: candidates.deviceBytes[index]!,
    });
  }
  return paretoFront(points);
}

const verdictRank = { exceeds: 0, tight: 1, fits: 2 } as const;
type Cell = Sweep['sizes'][number];

/** Per width and depth: the least live bytes and the best verdict of all candidates. */
export function sizesOf(space: Space, candidates: Candidates): readonly Cell[] {
  const cells = new Map<number, Cell>();
  for (const [index, code] of candidates.state.entries()) {
    const state = states[code]!;
    if (state === 'pending' || state === 'refused' || state === 'excluded') continue;
    const verdict = state === 'exceedsDeduced' ? 'exceeds' : state;
    const { hiddenDim, layers } = sizeOfCandidate(space, index);
    const key = hiddenDim * 2048 + layers;
    const known = cells.get(key);
    const peakLiveBytes = Math.min(known?.peakLiveBytes ?? Number.POSITIVE_INFINITY, candidates.peakLiveBytes[index]!);
    const best = known && verdictRank[known.verdict] >= verdictRank[verdict] ? known.verdict : verdict;
    if (known === undefined || known.peakLiveBytes !== peakLiveBytes || known.verdict !== best)
      cells.set(key, { hiddenDim, layers, peakLiveBytes, verdict: best });
  }
  return [...cells.values()].sort((a, b) => a.hiddenDim - b.hiddenDim || a.layers - b.layers);
}

export interface Entry {
  readonly report: Sweep['pareto'][number];
  readonly assumptions: readonly string[];
}

export function entryOf(model: string | undefined, space: Space, index: number): Entry {
  const flags = flagsOfCandidate(space, index);
  const { config, parameters, memory, verdict, cost, assumptions } = priced(resolveWith(space.profile, flags));
  const command = estimateCommand(model, flags);
  return { report: { config, parameters: parameters.count, memory, verdict, cost, command }, assumptions };
}

type PlanReport = Pick<Sweep['plan'], 'stages' | 'firstStageThatNeedsMore' | 'rules'>;

export function planReport(model: string | undefined, space: Space, plan: ProgressivePlan): PlanReport {
  const { firstStageThatNeedsMore } = plan;
  const [first] = plan.stages;
  return {
    stages: plan.stages.map((stage) => stageReport(model, space, stage, first!)),
    ...(firstStageThatNeedsMore && { firstStageThatNeedsMore: needsMoreReport(firstStageThatNeedsMore) }),
    rules: growthRules.filter(({ growth }) => plan.stages.some((stage) => stage.growth === growth)),
  };
}

function stageReport(
  model: string | undefined,
  { common }: Space,
  { hiddenDim, layers, growth, carriedOver, strategy }: Stage,
  first: Stage,
): PlanReport['stages'][number] {
  const { config, flags } = strategy;
  const { precision, batchSize, accumulate, checkpoint } = config.recipe;
  const { parameters, memory, verdict, cost } = priced(config);
  const plan = formatCheckpoint(checkpoint);
  return {
    hiddenDim,
    layers,
    growth,
    parameters: parameters.count,
    parametersCarriedOver: carriedOver,
    precision,
    batchSize,
    accumulate,
    checkpoint: plan === 'none' ? [] : plan.split('+'),
    relativeCost: strategy.sampleFlops / first.strategy.sampleFlops,
    memory,
    verdict,
    cost,
    checks: checksOf(growth),
    command: estimateCommand(model, { ...common, ...flags }),
  };
}

function needsMoreReport({ hiddenDim, layers, leanest, smallestDevice }: NeedsMore) {
  const { verdict } = priced(leanest.config);
  const shortfallBytes = 'shortfallBytes' in verdict ? verdict.shortfallBytes : 0;
  return { hiddenDim, layers, shortfallBytes, ...(smallestDevice && { smallestDevice: smallestDevice.name }) };
}
