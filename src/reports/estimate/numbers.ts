/** The rows of an estimate that every format shows. */
import type { Figures } from '../../accuracy/figures.js';
import { GiB } from '../../units.js';
import {
  formatBytes,
  formatCount,
  formatFlops,
  formatPercent,
  inUnit,
  leftOver,
  partName,
  unitOf,
  unitOfAll,
} from '../units.js';
import type { AnyEstimate, Estimate, RecordedEstimate } from './schema.js';

type Recipe = Estimate['config']['recipe'];

/** Which end of the range the verdict comes from. */
export function decides(verdict: Estimate['verdict'], { deviceBytes, range }: AnyEstimate['memory']): string {
  switch (verdict.kind) {
    case 'fits':
      return 'even the upper end goes in';
    case 'tight':
      if (deviceBytes <= verdict.usableBytes) return 'the upper end of the range does not go in';
      return range.lowBytes <= verdict.usableBytes
        ? 'only the lower end of the range goes in'
        : 'it goes in only if XLA recomputes by itself';
    case 'exceeds': {
      // In the unit of the answer beside it.
      const unit = unitOfAll([range.highBytes, verdict.usableBytes]);
      return range.lowBytes > verdict.usableBytes
        ? `not even the low end, ${inUnit(range.lowBytes, unit)} ${unit.name}, goes in`
        : 'the middle of the range does not go in';
    }
    case 'unknown':
      return '';
  }
}

/** `neededBytes`: at least. */
export const shareText = ({ keptBack, setting, usableBytes }: LargerShare, neededBytes: number): string =>
  `${keptBack} (setting ${setting}: ${formatBytes(usableBytes)} usable${usableBytes < neededBytes ? ', too little' : ''})`;

type LargerShare = NonNullable<NonNullable<Estimate['onCard']>['largerShare']>;

/** Of a card that was named by its size: what is counted is more than drivers report. */
export function sameSizeReports(device: AnyEstimate['config']['device'], mark = ''): readonly string[] {
  if (device?.reportedBySameSize === undefined) return [];
  const unit = unitOf(GiB);
  const [least, most] = device.reportedBySameSize.map((bytes) => inUnit(bytes, unit));
  const range = least === most ? least : `${least} to ${most}`;
  const missing = leftOver(device.nominalBytes, device.reportedBySameSize[0] ?? 0, unit);
  return [`cards of ${device.name} report ${range} GiB: below ${missing} spare${mark}, ask for --gpu NAME`];
}

/** The decisive reasons, those of the card first. */
export function reasons({
  onCard,
  verdict,
  memory,
  config,
  peak,
}: Pick<AnyEstimate, 'onCard' | 'verdict' | 'memory' | 'config'> &
  Partial<Pick<AnyEstimate, 'peak'>>): readonly string[] {
  if (verdict.kind === 'unknown') return [];
  const isInValidation = verdict.kind !== 'fits' && peak?.phase === 'validation';
  const share = onCard?.largerShare;
  return [
    ...(onCard?.precision === undefined ? [] : [onCard.precision]),
    decides(verdict, memory),
    ...(share ? [shareText(share, memory.range.lowBytes)] : []),
    ...(isInValidation ? ['the peak is in validation, whose samples are --validation-batch'] : []),
    ...sameSizeReports(config.device),
    ...(onCard && config.reserveBytes > 0 ? [onCard.usable] : []),
  ];
}

/** What of `memory` is there because of a backward pass. */
const ofTraining: readonly string[] = ['gradients', 'optimizer', 'activations'];

/** They sum to the peak of live bytes. */
export const bytesByCategory = ({ memory }: Pick<Estimate, 'memory'>): readonly (readonly [string, number])[] => [
  ['parameters', memory.parameterBytes],
  ['gradients', memory.gradientBytes],
  ['optimizer', memory.optimizerBytes],
  ['inputs', memory.inputBytes],
  ['activations', memory.activationBytes],
  ['temporary', memory.temporaryBytes],
];

/** They sum to the same. */
export const bytesByPart = ({ memory }: Pick<AnyEstimate, 'memory'>): readonly (readonly [string, number])[] =>
  memory.byModule.map(({ module, bytes }) => [partName(module), bytes]);

/** That a forecast stays as long where its steps are called one by one. */
export const stepByStep = ({ recipe }: AnyEstimate['config'], change: string): string =>
  'rolloutSteps' in recipe && recipe.mode === 'inference' && /--rollout 1\b/.test(change)
    ? ` (the same ${recipe.rolloutSteps} steps, one per call)`
    : '';

export const categories = (estimate: AnyEstimate) =>
  bytesByCategory(estimate).filter(
    ([name, bytes]) => estimate.config.recipe.mode === 'train' || bytes > 0 || !ofTraining.includes(name),
  );

export const stepTitle = (recipe: AnyEstimate['config']['recipe']): string => {
  if (recipe.mode === 'train') return 'One training step';
  if (!('rolloutSteps' in recipe)) return 'One call';
  return recipe.rolloutSteps === 1 ? 'One forward pass' : `One call of ${recipe.rolloutSteps} forward passes`;
};

export function model(estimate: AnyEstimate): readonly (readonly string[])[] {
  const count = formatCount;
  const { parameters } = estimate;
  const ofParameters = ['parameters', `${count(parameters.count)} (${formatBytes(parameters.bytes)})`];
  if (!('counts' in estimate)) return [ofParameters, ...traceRows(estimate.config.trace)];
  const { config, counts, cost } = estimate;
  return [
    ofParameters,
    ['nodes', `${count(counts.gridNodes)} grid, ${count(counts.meshNodes)} mesh`],
    [
      'edges',
      `${count(counts.grid2meshEdges)} grid2mesh, ${count(counts.meshEdges)} mesh, ${count(counts.mesh2gridEdges)} mesh2grid`,
    ],
    ['work', workOf(cost, config.recipe)],
    ...(cost.hostTransferBytes === undefined
      ? []
      : [['host', `${formatBytes(cost.hostTransferBytes)} to its memory and back per micro-step`]]),
  ];
}

function traceRows({ file, versions, numEvents }: RecordedEstimate['config']['trace']): readonly (readonly string[])[] {
  const known = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    ['trace', `${file}, ${formatCount(numEvents)} events`],
    ['captured with', known.join(', ')],
  ];
}

function workOf({ forwardFlops, trainFlops, recomputeFraction }: Estimate['cost'], recipe: Recipe): string {
  const { mode, rolloutSteps, gpus } = recipe;
  const onEach = gpus > 1 ? ' on each card' : '';
  if (mode === 'train')
    return `${formatFlops(trainFlops)} per training step${onEach}, ${formatPercent(recomputeFraction, 1)} of it recomputed`;
  return rolloutSteps === 1
    ? `${formatFlops(forwardFlops)} per forward pass${onEach}`
    : `${formatFlops(forwardFlops)} per call of ${rolloutSteps} forward passes${onEach}`;
}

export const rankHead = [
  'rank',
  'grid nodes',
  'mesh nodes',
  'halo',
  'parameters',
  'gradients',
  'optimizer',
  'peak',
  'receives a step',
] as const;

/** One row per rank, or per run of equal ones; none on one card. */
export const ranks = (estimate: AnyEstimate): readonly (readonly string[])[] =>
  (('ranks' in estimate && estimate.ranks) || []).map((row) => [
    row.firstRank === row.lastRank ? String(row.firstRank) : `${row.firstRank}–${row.lastRank}`,
    formatCount(row.gridNodes),
    formatCount(row.meshNodes),
    formatCount(row.haloNodes),
    formatBytes(row.parameterBytes),
    formatBytes(row.gradientBytes),
    formatBytes(row.optimizerBytes),
    formatBytes(row.peakLiveBytes),
    formatBytes(row.receivedBytes),
  ]);

/** What would make it fit, the cheapest first. */
export const cheapestChanges = ({ verdict }: Pick<AnyEstimate, 'verdict'>) =>
  'smallestChange' in verdict ? [verdict.smallestChange ?? [], verdict.furtherChanges ?? []].flat() : [];

/** Three decimals say all that an error of a prediction can. */
const errorText = (percent: number): string => `${Number(percent.toFixed(3))} %`;

const figuresText = ({
  medianErrorPercent = 0,
  p95ErrorPercent = 0,
  worstUnderPercent = 0,
}: Partial<Figures>): string =>
  `median error ${errorText(medianErrorPercent)}, 95th percentile ${errorText(p95ErrorPercent)}, worst under-prediction ${errorText(worstUnderPercent)}`;

const productNames = { cublas: 'cuBLAS', triton: 'Triton' } as const;

/** The number that decides first: what is reserved, or the range. */
export function accuracy({ accuracy: known }: Pick<Estimate, 'accuracy'>): string {
  const { runtime, codeBase, mode, checked, cases, source, reserved, range, beyond } = known;
  const train = mode === 'train';
  if (!checked)
    return `${codeBase} in ${runtime}, ${train ? 'training' : 'inference'}: not checked against anything that ships yet`;
  const [reservedText, rangeText, beyondText] = [
    reserved && `reserved (${reserved.allocator} allocator) ${figuresText(reserved)}; `,
    range &&
      `${formatCount(range.inside)} of ${formatCount(range.cases)} with ${productNames[range.xlaGemm]} products inside the range; `,
    beyond && `; no record has ${beyond.join(', ')}`,
  ];
  const compared = `${formatCount(cases)} ${train ? 'training steps' : 'forward passes'}`;
  return `${codeBase} in ${runtime}, ${compared}: ${reservedText ?? ''}${rangeText ?? ''}live bytes ${figuresText(known)} (${source})${beyondText ?? ''}`;
}

/** The number that decides, in one line. */
export function accuracyInShort({
  runtime,
  codeBase,
  mode,
  checked,
  cases,
  reserved,
  range,
  worstUnderPercent,
  beyond = [],
}: Estimate['accuracy']): string {
  const what = `${codeBase} in ${runtime}`;
  const steps = mode === 'train' ? 'training steps' : 'forecasts';
  if (!checked) return `${what}: ${steps} are not checked against anything that ships yet`;
  const none = beyond.length === 0 ? '' : `, none of them with ${beyond.join(', ')}`;
  if (range !== undefined) return `${what}: ${insideRange(range, steps)}${none}`;
  const worst = Number((reserved?.worstUnderPercent ?? worstUnderPercent ?? 0).toFixed(2));
  return `${what}: ${cases} ${steps}, at worst ${worst} % too low${none}`;
}

type Range = NonNullable<Estimate['accuracy']['range']>;

export const insideRange = ({ inside, cases, xlaGemm }: Range, steps: string): string =>
  `${inside} of ${cases} ${steps} inside the range (${productNames[xlaGemm]})`;
