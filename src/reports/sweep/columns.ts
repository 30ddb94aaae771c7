/** The tables of a sweep, the same for every format: the stages of its plan, and what is worth it. */
import { formatCheckpoint } from '../../config/checkpoint.js';
import type { Precision } from '../../config/types.js';
import { precisionText } from '../config-line.js';
import type { Column } from '../formats.js';
import { subjectOfSizes } from '../subject.js';
import { formatBytes, formatCount, formatFlops } from '../units.js';
import type { Sweep } from './schema.js';

export type Stage = Sweep['plan']['stages'][number];
type Entry = Sweep['pareto'][number];

export const sizeOf = ({ hiddenDim, layers }: { hiddenDim: number; layers: number }): string =>
  `${hiddenDim}/${layers}`;

export const stageColumns: readonly Column<Stage>[] = [
  { title: 'size', alignment: '<', text: (stage) => sizeOf(stage) },
  { title: 'parameters', alignment: '>', text: ({ parameters }) => formatCount(parameters), dispensable: 2 },
  { title: 'carried', alignment: '>', text: carried, dispensable: 3 },
  { title: 'batch', alignment: '>', text: ({ batchSize, accumulate }) => `${batchSize}×${accumulate}` },
  { title: 'precision', alignment: '<', text: ({ precision }) => precision, dispensable: 1 },
  { title: 'checkpoint', alignment: '<', text: ({ checkpoint }) => checkpoint.join('+') || 'none' },
  { title: 'on card', alignment: '>', text: ({ memory }) => formatBytes(memory.deviceBytes) },
  { title: 'spare', alignment: '>', text: spare },
  { title: 'cost', alignment: '>', text: ({ relativeCost }) => `${relativeCost.toFixed(1)}×` },
];

/** Inference has no optimizer step. */
export const samplesPerStep = ({ plan: { globalBatch, stages } }: Sweep): string =>
  `${globalBatch} ${globalBatch === 1 ? 'sample' : 'samples'} per ${stages.every(({ cost }) => cost.trainFlops === 0) ? 'forecast' : 'optimizer step'}`;

function carried({ growth, parameters, parametersCarriedOver }: Stage): string {
  return growth === 'start' ? 'new' : `${Math.floor((100 * parametersCarriedOver) / parameters)} %`;
}

function spare({ verdict }: Stage): string {
  return 'headroomBytes' in verdict ? formatBytes(verdict.headroomBytes) : '';
}

export const entryColumns: readonly Column<Entry>[] = [
  { title: 'size', alignment: '<', text: ({ config }) => sizeOf(config.model) },
  { title: 'parameters', alignment: '>', text: ({ parameters }) => formatCount(parameters), dispensable: 3 },
  { title: 'batch', alignment: '>', text: ({ config }) => String(config.recipe.batchSize) },
  { title: 'precision', alignment: '<', text: ({ config }) => config.recipe.precision, dispensable: 2 },
  { title: 'optimizer', alignment: '<', text: ({ config }) => config.recipe.optimizer, onlyIfVaried: true },
  { title: 'checkpoint', alignment: '<', text: ({ config }) => formatCheckpoint(config.recipe.checkpoint) },
  { title: 'offload', alignment: '<', text: ({ config }) => config.recipe.offload, onlyIfVaried: true },
  { title: 'on card', alignment: '>', text: ({ memory }) => formatBytes(memory.deviceBytes) },
  {
    title: 'per sample',
    alignment: '>',
    dispensable: 1,
    text: ({ cost, config }) => formatFlops((cost.trainFlops || cost.forwardFlops) / config.recipe.batchSize),
  },
];

/** What is searched, in the place of one width and one depth: `128–1024 wide × 4–16 layers`. */
export function subjectOfSweep({ config, space }: Sweep, columns: number): string {
  const range = (option: string, typed: number) => {
    const values = (space[option] ?? [typed]).map(Number);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? String(least) : `${least}–${most}`;
  };
  const size = `${range('hidden-dim', config.model.hiddenDim)} wide × ${range('layers', config.model.layers)} layers`;
  const precision = (space.precision ?? [config.recipe.precision])
    .map((each) => precisionText(config, each as Precision))
    .join(', ');
  return subjectOfSizes(config, size, precision, columns);
}

type PathRow = NonNullable<Sweep['plan']['paths']>['rows'][number];

/** The orders of growing, side by side. */
export function pathColumns(currency: string | undefined): readonly Column<PathRow>[] {
  const devices = ({ stages }: PathRow) => [...new Set(stages.map(({ device }) => device))];
  return [
    { title: 'order', alignment: '<', text: ({ order, chosen }) => (chosen ? `${order} (the plan)` : order) },
    { title: 'sizes', alignment: '<', text: ({ sizes }) => sizes.map(sizeOf).join(' '), dispensable: 3 },
    {
      title: 'FLOPs',
      alignment: '>',
      text: ({ flops }) => (flops === undefined ? '' : formatFlops(flops)),
      dispensable: 2,
    },
    { title: 'work', alignment: '>', text: ({ relativeFlops: of }) => (of === undefined ? '' : `${of.toFixed(2)}×`) },
    {
      title: 'hours at least',
      alignment: '>',
      text: ({ hours }) => (hours === undefined ? '' : hours.toPrecision(3)),
      onlyIfVaried: true,
    },
    {
      title: currency ?? 'price',
      alignment: '>',
      text: ({ price }) => (price === undefined ? '' : price.toFixed(2)),
      onlyIfVaried: true,
    },
    {
      title: 'on',
      alignment: '<',
      text: (row) => (row.stages.length < row.sizes.length ? 'no known card' : devices(row).join(', then ')),
      dispensable: 1,
    },
  ];
}

type Card = NonNullable<Sweep['cards']>[number];

/** Of several cards that were named: how far the plan goes on each, and why it was taken or not. */
export function cardColumns({ device, plan, cards = [] }: Sweep): readonly Column<Card>[] {
  const isPriced = cards.some(({ pricePerHour }) => pricePerHour !== undefined);
  const reason = ({ name, reachesGoal, largestStage }: Card): string => {
    if (name === device?.name)
      return reachesGoal ? `taken: the ${isPriced ? 'cheapest' : 'smallest'} that is enough` : 'taken: none is enough';
    if (reachesGoal) return `is enough too, and ${isPriced ? 'costs more' : 'is larger'}`;
    return largestStage === undefined ? `too small for ${sizeOf(plan.from)}` : `too small for ${sizeOf(plan.to)}`;
  };
  return [
    { title: 'card', alignment: '<', text: ({ name }) => name },
    {
      title: 'an hour',
      alignment: '>',
      text: ({ pricePerHour }) => (pricePerHour === undefined ? '–' : pricePerHour.toFixed(2)),
      onlyIfVaried: true,
    },
    {
      title: 'up to',
      alignment: '<',
      text: ({ largestStage }) => (largestStage === undefined ? '–' : sizeOf(largestStage)),
    },
    { title: 'why', alignment: '<', text: reason },
  ];
}

/** Where the plan does not reach its goal, its first words apart so that a format can stress them. */
export function notEnough({ plan, device }: Sweep): { readonly head: string; readonly rest: string } | undefined {
  const more = plan.firstStageThatNeedsMore;
  if (more === undefined) return undefined;
  const then = more.smallestDevice
    ? `the smallest card that is enough: ${more.smallestDevice}`
    : 'no known card is enough';
  const goal = more.smallestDeviceForRest;
  const rest = goal === undefined || goal === more.smallestDevice ? '' : `, for all up to ${sizeOf(plan.to)}: ${goal}`;
  return {
    head: `From ${sizeOf(more)} on ${device?.name ?? 'this card'} is not enough`,
    rest: `: ${formatBytes(more.shortfallBytes)} short at best; ${then}${rest}`,
  };
}
