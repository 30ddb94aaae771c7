/** What a person reads of a sweep: what fits, the way from small to large, what is worth it. */
import type { ChalkInstance } from 'chalk';
import { formatCheckpoint } from '../../config/checkpoint.js';
import type { Layout } from '../formats.js';
import type { Sweep } from '../schemas/sweep.js';
import { formatBytes, formatCount, formatFlops } from '../units.js';
import { type Block, columns, list, page, paragraph, styleOf } from './blocks.js';
import { heatMap } from './heat-map.js';

export function renderSweep(sweep: Sweep, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [...paragraph(answer(sweep, style), layout), ...paragraph(setting(sweep), layout).map((line) => style.dim(line))],
    planTable(sweep, style),
    planEnd(sweep, layout, style),
    list(
      style.bold('To reproduce'),
      sweep.plan.stages.map(({ command }) => command),
      layout,
    ),
    ...sweep.plan.stages.map((stage) => exported(stage, style)),
    front(sweep, style),
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
  return `${colour(head)}, ${formatCount(tight)} are tight, ${formatCount(exceeds)} exceed it (${formatCount(deduced)} by their arrays alone; all others replayed through the allocator)`;
}

const setting = ({ space }: Sweep): string =>
  Object.entries(space)
    .map(
      ([option, values]) =>
        `${option} ${values.length > 6 ? `${values[0]}…${values.at(-1)} (${values.length})` : values.join(', ')}`,
    )
    .join(' · ');

function planTable({ plan }: Sweep, style: ChalkInstance): Block {
  if (plan.stages.length === 0) return [];
  const title = style.bold(
    `From ${sizeOf(plan.from)} to ${sizeOf(plan.to)}, ${plan.globalBatch} samples per optimizer step`,
  );
  const header = ['size', 'parameters', 'carried', 'batch', 'precision', 'checkpoint', 'on card', 'spare', 'cost'];
  const rows = plan.stages.map((stage) => [
    sizeOf(stage),
    formatCount(stage.parameters),
    stage.growth === 'start' ? 'new' : `${Math.floor((100 * stage.parametersCarriedOver) / stage.parameters)} %`,
    `${stage.batchSize}×${stage.accumulate}`,
    stage.precision,
    stage.checkpoint.join('+') || 'none',
    formatBytes(stage.memory.deviceBytes),
    'headroomBytes' in stage.verdict ? formatBytes(stage.verdict.headroomBytes) : '',
    `${stage.relativeCost.toFixed(1)}×`,
  ]);
  return columns(title, [header, ...rows], '<>>><<>>>');
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

function front({ pareto, frontSize, candidates }: Sweep, style: ChalkInstance): Block {
  if (pareto.length === 0) return [];
  const dominated = candidates.fits - frontSize;
  const title = `${style.bold('Worth it')}: ${pareto.length} of ${frontSize} that no other one beats in width, depth, cost and memory (${formatCount(dominated)} beaten)`;
  const rows = pareto.map(({ config: { model, recipe }, parameters, cost, memory }) => [
    sizeOf(model),
    formatCount(parameters),
    String(recipe.batchSize),
    recipe.precision,
    formatCheckpoint(recipe.checkpoint),
    formatBytes(memory.deviceBytes),
    formatFlops((cost.trainFlops || cost.forwardFlops) / recipe.batchSize),
  ]);
  return columns(
    title,
    [['size', 'parameters', 'batch', 'precision', 'checkpoint', 'on card', 'per sample'], ...rows],
    '<>><<>>',
  );
}

function exported({ exported: file, ...stage }: Sweep['plan']['stages'][number], style: ChalkInstance): Block {
  if (file === undefined) return [];
  return [style.bold(`${sizeOf(stage)} for ${file.codeBase}`), ...file.text.trimEnd().split('\n')];
}
