/** What a person reads of a sweep: what fits, the way from small to large, what is worth it. */
import type { ChalkInstance } from 'chalk';
import { formatCheckpoint } from '../../config/checkpoint.js';
import type { Layout } from '../formats.js';
import type { Sweep } from '../schemas/sweep.js';
import { formatBytes, formatCount, formatFlops } from '../units.js';
import { type Block, list, page, paragraph, styleOf } from './blocks.js';
import { type Column, fittingTable } from './fitting.js';
import { heatMap } from './heat-map.js';

export function renderSweep(sweep: Sweep, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [...paragraph(answer(sweep, style), layout), ...paragraph(setting(sweep), layout).map((line) => style.dim(line))],
    planTable(sweep, layout, style),
    planEnd(sweep, layout, style),
    list(
      style.bold('To reproduce'),
      sweep.plan.stages.map(({ command }) => command),
      layout,
    ),
    ...sweep.plan.stages.map((stage) => exported(stage, style)),
    front(sweep, layout, style),
    heatMap(sweep.sizes, layout, style),
    list(
      style.bold('Growing'),
      sweep.plan.rules.map(({ growth, rule, sources }) => `${growth}: ${rule} (${sources.join('; ')})`),
      layout,
    ),
    list(style.bold('Assumptions'), sweep.assumptions, layout),
  ]);
}

function answer({ candidates, device }: Sweep, style: ChalkInstance): string {
  const { total, fits, tight, exceeds, deduced } = candidates;
  const card = device?.name ?? '';
  const head = `${formatCount(fits)} of ${formatCount(total)} configurations fit on ${card}`;
  const colour = fits > 0 ? style.green.bold : style.red.bold;
  return `${colour(head)}, ${formatCount(tight)} are tight, ${formatCount(exceeds)} exceed it (${formatCount(deduced)} by their arrays alone)`;
}

const setting = ({ space }: Sweep): string =>
  Object.entries(space)
    .map(
      ([option, values]) =>
        `${option} ${values.length > 6 ? `${values[0]}…${values.at(-1)} (${values.length})` : values.join(', ')}`,
    )
    .join(' · ');

type Stage = Sweep['plan']['stages'][number];
type Entry = Sweep['pareto'][number];

const stageColumns: readonly Column<Stage>[] = [
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

function carried({ growth, parameters, parametersCarriedOver }: Stage): string {
  return growth === 'start' ? 'new' : `${Math.floor((100 * parametersCarriedOver) / parameters)} %`;
}

function spare({ verdict }: Stage): string {
  return 'headroomBytes' in verdict ? formatBytes(verdict.headroomBytes) : '';
}

function planTable({ plan }: Sweep, layout: Layout, style: ChalkInstance): Block {
  if (plan.stages.length === 0) return [];
  const { from, to, globalBatch, stages } = plan;
  const title = `From ${sizeOf(from)} to ${sizeOf(to)}, ${globalBatch} samples per optimizer step`;
  return fittingTable(style.bold(title), stageColumns, stages, layout);
}

const sizeOf = ({ hiddenDim, layers }: { hiddenDim: number; layers: number }): string => `${hiddenDim}/${layers}`;

function planEnd({ plan, device }: Sweep, layout: Layout, style: ChalkInstance): Block {
  const more = plan.firstStageThatNeedsMore;
  if (more === undefined) return [];
  const { shortfallBytes, smallestDevice } = more;
  const then =
    smallestDevice === undefined ? 'no known card is enough' : `the smallest card that is enough: ${smallestDevice}`;
  return paragraph(
    `${style.yellow.bold(`From ${sizeOf(more)} on ${device?.name} is not enough`)}: ${formatBytes(shortfallBytes)} short at best; ${then}`,
    layout,
  );
}

const entryColumns: readonly Column<Entry>[] = [
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

function front({ pareto, frontSize, candidates }: Sweep, layout: Layout, style: ChalkInstance): Block {
  if (pareto.length === 0) return [];
  const beaten = formatCount(candidates.fits - frontSize);
  const [title = '', ...rest] = paragraph(
    `${style.bold('Worth it')}: ${formatCount(pareto.length)} of ${formatCount(frontSize)} that no other one beats in width, depth, cost and memory (${beaten} beaten)`,
    layout,
  );
  const [, ...table] = fittingTable('', entryColumns, pareto, layout);
  return [title, ...rest, ...table];
}

function exported({ exported: file, ...stage }: Stage, style: ChalkInstance): Block {
  if (file === undefined) return [];
  return [style.bold(`${sizeOf(stage)} for ${file.codeBase}`), ...file.text.trimEnd().split('\n')];
}
