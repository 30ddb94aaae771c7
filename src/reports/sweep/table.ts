/** What a person reads of a sweep: what fits, the way from small to large, what is worth it. */
import type { ChalkInstance } from 'chalk';
import type { Layout } from '../formats.js';
import { type Block, fittingTable, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatCount } from '../units.js';
import {
  cardColumns,
  entryColumns,
  notEnough,
  pathColumns,
  type Stage,
  samplesPerStep,
  sizeOf,
  stageColumns,
  subjectOfSweep,
} from './columns.js';
import { heatMap } from './heat-map.js';
import type { Sweep } from './schema.js';
import { sweepScreen } from './screen.js';

export const renderSweep = (sweep: Sweep, layout: Layout): string =>
  layout.details ? allOf(sweep, layout) : sweepScreen(sweep, layout);

function allOf(sweep: Sweep, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(subjectOfSweep(sweep, layout.columns), layout).map((line) => style.dim(line)),
      ...(sweep.taken === undefined ? [] : paragraph(`no model was named: ${sweep.taken}`, layout)),
      ...paragraph(answer(sweep, style), layout),
      ...paragraph(setting(sweep), layout).map((line) => style.dim(line)),
    ],
    sweep.cards === undefined ? [] : fittingTable(style.bold('Cards'), cardColumns(sweep), sweep.cards, layout),
    planTable(sweep, layout, style),
    planEnd(sweep, layout, style),
    paths(sweep, layout, style),
    sweep.plan.stages.length === 0
      ? []
      : [style.bold('To reproduce'), ...sweep.plan.stages.map(({ command }) => command)],
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
  const { total, fits, tight, exceeds, deduced, refused } = candidates;
  const card = device?.name ?? '';
  const head = `${formatCount(fits)} of ${formatCount(total)} configurations fit on ${card}`;
  const colour = fits > 0 ? style.green.bold : style.red.bold;
  return `${colour(head)}, ${formatCount(tight)} may fit, ${formatCount(exceeds)} do not (${formatCount(deduced)} by their arrays alone)${refusedLine(refused)}`;
}

const refusedLine = (refused: Sweep['candidates']['refused']): string =>
  refused.map(({ count, reason }) => `; ${formatCount(count)} left out: ${reason}`).join('');

const setting = ({ space }: Sweep): string =>
  Object.entries(space)
    .map(
      ([option, values]) =>
        `${option} ${values.length > 6 ? `${values[0]}…${values.at(-1)} (${values.length})` : values.join(', ')}`,
    )
    .join(' · ');

function planTable(sweep: Sweep, layout: Layout, style: ChalkInstance): Block {
  const { from, to, stages } = sweep.plan;
  if (stages.length === 0) return [];
  const title = `From ${sizeOf(from)} to ${sizeOf(to)}, ${samplesPerStep(sweep)}`;
  return fittingTable(style.bold(title), stageColumns, stages, layout);
}

/** With --updates. */
function paths({ plan }: Sweep, layout: Layout, style: ChalkInstance): Block {
  if (plan.paths === undefined) return [];
  const { updates, rows, prices } = plan.paths;
  const title = `The orders of growing, ${updates.join(', ')} updates`;
  const about = `hours by the roofline, which real steps do not reach; prices: ${prices.source}`;
  return [
    ...fittingTable(style.bold(title), pathColumns(prices.currency), rows, layout),
    ...paragraph(style.dim(about), layout),
  ];
}

function planEnd(sweep: Sweep, layout: Layout, style: ChalkInstance): Block {
  const end = notEnough(sweep);
  return end === undefined ? [] : paragraph(`${style.yellow.bold(end.head)}${end.rest}`, layout);
}

function front({ pareto, frontSize, candidates }: Sweep, layout: Layout, style: ChalkInstance): Block {
  if (pareto.length === 0) return [];
  const beaten = formatCount(candidates.fits - frontSize);
  const [title = '', ...rest] = paragraph(
    `${style.bold('Worth it')}: ${formatCount(pareto.length)} of ${formatCount(frontSize)} that no other one beats in width, depth, batch, cost and memory (${beaten} beaten)`,
    layout,
  );
  const [, ...table] = fittingTable('', entryColumns, pareto, layout);
  return [title, ...rest, ...table];
}

function exported({ exported: file, ...stage }: Stage, style: ChalkInstance): Block {
  if (file === undefined) return [];
  return [style.bold(`${sizeOf(stage)} for ${file.codeBase}`), ...file.text.trimEnd().split('\n')];
}
