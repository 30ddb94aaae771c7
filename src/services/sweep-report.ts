/** What a sweep found, as its report. Every number that is shown comes from `price`, the function behind `estimate`. */
import { formatCheckpoint } from '../config/checkpoint.js';
import { maximumLayers } from '../config/limits.js';
import { checkCountable } from '../memory/liveness.js';
import { ownRefusals } from '../models/refusals.js';
import { resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { Estimate } from '../reports/estimate/schema.js';
import type { Sweep } from '../reports/sweep/schema.js';
import { type Candidates, type State, stateCode, states } from '../search/candidates.js';
import { estimateCommand } from '../search/command-line.js';
import { checksOf, growthRules, learningRateOf } from '../search/growth-rules.js';
import { type FrontOrder, orderFront, type ParetoPoint, paretoFront } from '../search/pareto.js';
import type { NeedsMore, ProgressivePlan, Stage } from '../search/progressive.js';
import { type Axis, flagsOfCandidate, type Space, sizesOfSpace } from '../search/space.js';
import type { UnsizedSteps } from '../search/unsized-step.js';
import { priced } from './priced.js';
import type { PlannedCard } from './sweep-plan.js';

export function tally(candidates: Candidates, { profile }: Space): Sweep['candidates'] {
  const of = Object.fromEntries(states.map((state) => [state, 0])) as Record<(typeof states)[number], number>;
  for (const code of candidates.state) of[states[code]!]++;
  const exceeds = of.exceeds + of.exceedsDeduced;
  const refusals = ownRefusals(profile.model);
  const counts = refusals.map(() => 0);
  for (const place of candidates.refusedBy) if (place > 0) counts[place - 1]!++;
  const refused = refusals.flatMap(({ reason, source }, index) =>
    counts[index]! > 0 ? [{ count: counts[index]!, reason, source }] : [],
  );
  return {
    total: of.fits + of.tight + exceeds,
    fits: of.fits,
    tight: of.tight,
    exceeds,
    deduced: of.exceedsDeduced,
    excluded: of.excluded,
    impossible: of.refused - refused.reduce((sum, { count }) => sum + count, 0),
    refused,
    pending: of.pending,
  };
}

const asNumber = (text: string): string | number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);

export const axisValues = ({ values }: Axis): Sweep['space'][string] =>
  values.map((value) => (typeof value === 'string' ? asNumber(value) : value));

/** What fits and no other candidate beats: their numbers, in the order asked for. */
export function frontOf(space: Space, candidates: Candidates, order: FrontOrder): readonly number[] {
  const sizeOf = sizesOfSpace(space);
  const { state, sampleFlops, deviceBytes } = candidates;
  const pointOf = (index: number): ParetoPoint => ({
    index,
    ...sizeOf(index),
    sampleFlops: sampleFlops[index]!,
    deviceBytes: deviceBytes[index]!,
  });
  function* fitting(): Generator<number> {
    for (let index = 0; index < state.length; index++) if (state[index] === stateCode.fits) yield index;
  }
  return orderFront(paretoFront(fitting(), pointOf), order, pointOf);
}

/** A picture shows no more. */
const mostPoints = 1_000;

/** What was priced on the card: the front, and of the others as many as a picture shows, evenly taken. */
export function pointsOf(candidates: Candidates, front: readonly number[]): Sweep['points'] {
  const { state, sampleFlops, deviceBytes } = candidates;
  const onFront = new Uint8Array(state.length);
  for (const index of front) onFront[index] = 1;
  const isOther = (index: number) => deviceBytes[index]! > 0 && onFront[index] === 0;
  let numOthers = 0;
  for (let index = 0; index < state.length; index++) if (isOther(index)) numOthers++;
  const every = Math.max(1, Math.ceil(numOthers / Math.max(1, mostPoints - front.length)));
  const shown = [...front];
  let place = 0;
  for (let index = 0; index < state.length; index++) if (isOther(index) && place++ % every === 0) shown.push(index);
  return shown.flatMap((index) => {
    const verdict = verdictOf(states[state[index]!]!);
    if (verdict === undefined) return [];
    return {
      deviceBytes: deviceBytes[index]!,
      sampleFlops: sampleFlops[index]!,
      verdict,
      isOnFront: onFront[index] === 1,
    };
  });
}

const verdictRank = { exceeds: 0, tight: 1, fits: 2 } as const;
type Cell = Sweep['sizes'][number];

/** Per width and depth: the least live bytes and the best verdict of all candidates. */
export function sizesOf(space: Space, candidates: Candidates): readonly Cell[] {
  const sizeOf = sizesOfSpace(space);
  const cells = new Map<number, { -readonly [Key in keyof Cell]: Cell[Key] }>();
  for (let index = 0; index < candidates.state.length; index++) {
    const verdict = verdictOf(states[candidates.state[index]!]!);
    if (verdict === undefined) continue;
    const { hiddenDim, layers } = sizeOf(index);
    const peakLiveBytes = candidates.peakLiveBytes[index]!;
    checkCountable(peakLiveBytes);
    const key = hiddenDim * (maximumLayers + 1) + layers;
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { hiddenDim, layers, peakLiveBytes, verdict });
    else {
      cell.peakLiveBytes = Math.min(cell.peakLiveBytes, peakLiveBytes);
      if (verdictRank[verdict] > verdictRank[cell.verdict]) cell.verdict = verdict;
    }
  }
  return [...cells.values()].sort((a, b) => a.hiddenDim - b.hiddenDim || a.layers - b.layers);
}

function verdictOf(state: State): Cell['verdict'] | undefined {
  switch (state) {
    case 'fits':
    case 'tight':
    case 'exceeds':
      return state;
    case 'exceedsDeduced':
      return 'exceeds';
    case 'pending':
    case 'refused':
    case 'excluded':
      return undefined;
  }
}

export interface Entry {
  readonly report: Sweep['pareto'][number];
  readonly estimate: Estimate;
}

/** What the last entries may take after an interruption, so that the process ends in time. */
const graceMs = 20;

export function entriesOf(
  model: string | undefined,
  space: Space,
  indices: readonly number[],
  unsizedSteps: UnsizedSteps,
  signal: AbortSignal,
): readonly Entry[] {
  const deadline = performance.now() + graceMs;
  const entries: Entry[] = [];
  for (const index of indices) {
    if (signal.aborted && performance.now() > deadline) break;
    const flags = flagsOfCandidate(space, index);
    const resolved = resolveWith(space.profile, flags);
    const estimate = priced(resolved, unsizedSteps.of(resolved));
    const { config, parameters, memory, verdict, cost } = estimate;
    const command = estimateCommand(model, flags);
    entries.push({ report: { config, parameters: parameters.count, memory, verdict, cost, command }, estimate });
  }
  return entries;
}

type PlanReport = Pick<Sweep['plan'], 'stages' | 'firstStageThatNeedsMore' | 'rules'>;

/** `estimates`: of the stages, in their order; `needsMore`: of the first one that does not fit. */
export function planReport(
  model: string | undefined,
  { common }: Space,
  { stages, firstStageThatNeedsMore }: ProgressivePlan,
  estimates: readonly Estimate[],
  needsMore: Estimate | undefined,
): PlanReport {
  const [first] = stages;
  return {
    stages: stages.map((stage, index) => stageReport(model, common, stage, first!, estimates[index]!)),
    ...(firstStageThatNeedsMore &&
      needsMore && { firstStageThatNeedsMore: needsMoreReport(firstStageThatNeedsMore, needsMore) }),
    rules: growthRules.filter(({ growth }) => stages.some((stage) => stage.growth === growth)),
  };
}

function stageReport(
  model: string | undefined,
  common: Flags,
  { hiddenDim, layers, growth, carriedOver, candidate }: Stage,
  first: Stage,
  { config, parameters, memory, verdict, cost, onCard }: Estimate,
): PlanReport['stages'][number] {
  const { precision, batchSize, accumulate, checkpoint } = config.recipe;
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
    relativeCost: candidate.sampleFlops / first.candidate.sampleFlops,
    memory,
    verdict,
    cost,
    ...(onCard && { onCard }),
    learningRate: learningRateOf(growth),
    checks: checksOf(growth, config.runtime),
    command: estimateCommand(model, { ...common, ...candidate.flags }),
  };
}

function needsMoreReport(
  { hiddenDim, layers, smallestDevice, smallestDeviceForRest }: NeedsMore,
  { verdict }: Estimate,
) {
  const shortfallBytes = 'shortfallBytes' in verdict ? verdict.shortfallBytes : 0;
  return {
    hiddenDim,
    layers,
    shortfallBytes,
    ...(smallestDevice && { smallestDevice: smallestDevice.name }),
    ...(smallestDeviceForRest && { smallestDeviceForRest: smallestDeviceForRest.name }),
  };
}

export function cardReport({ choice, device, plan }: PlannedCard): NonNullable<Sweep['cards']>[number] {
  const last = plan.stages.at(-1);
  return {
    name: device.name,
    ...(choice.pricePerHour !== undefined && { pricePerHour: choice.pricePerHour }),
    ...(last && { largestStage: { hiddenDim: last.hiddenDim, layers: last.layers } }),
    reachesGoal: plan.firstStageThatNeedsMore === undefined,
  };
}
