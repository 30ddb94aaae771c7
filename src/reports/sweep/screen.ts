/** The first screen of a sweep: how large a model trains, why not more, the way there, and what else is worth it. */
import { formatCheckpoint } from '../../config/checkpoint.js';
import { accuracyInShort, sameSizeReports, shareText } from '../estimate/numbers.js';
import type { Answer, Column, Layout } from '../formats.js';
import { cardName } from '../subject.js';
import { answerLine, type Block, fittingTable, paragraph, styleOf } from '../terminal/blocks.js';
import { besideLabel, indented, labelled, labelledLines, type Part, screen } from '../terminal/screen.js';
import { formatBytesPair, formatCount, inUnit, leftOver, unitOfAll } from '../units.js';
import { cardColumns, notEnough, pathColumns, type Stage, samplesPerStep, sizeOf, subjectOfSweep } from './columns.js';
import type { Sweep } from './schema.js';

export function sweepScreen(sweep: Sweep, layout: Layout): string {
  const style = styleOf(layout);
  const { plan, accuracy, taken } = sweep;
  const end = notEnough(sweep);
  const goal = plan.stages.at(-1);
  return screen([
    {
      lines: [
        ...paragraph(subjectOfSweep(sweep, layout.columns), layout).map((line) => style.dim(line)),
        ...paragraph(answerLine(answer(sweep), style), layout),
        ...(end ? paragraph(`${style.yellow.bold(end.head)}${end.rest}`, layout) : []),
      ],
    },
    ...(taken === undefined ? [] : [{ lines: labelled('model', taken, layout) }]),
    { lines: why(goal, sweep, layout) },
    ...cardTable(sweep, layout),
    { lines: labelled('counted', counted(sweep), layout) },
    ...planTable(sweep, layout),
    ...paths(sweep, layout),
    ...front(sweep, layout),
    { lines: labelled('checked', accuracyInShort(accuracy), layout) },
    { lines: labelledLines('next', [next(goal, layout)], layout) },
  ]);
}

/** The plan's last stage, and as a comment how to see the rest. */
const next = (goal: Stage | undefined, { command = 'gc-plan sweep' }: Layout): string =>
  goal === undefined ? `${command} --details` : `${goal.command}  # ${command} --details: all of it`;

function answer({ plan, candidates, config }: Sweep): Answer {
  const does = config.recipe.mode === 'train' ? 'trains' : 'runs';
  const goal = plan.stages.at(-1);
  if (goal === undefined)
    return candidates.fits > 0
      ? {
          tone: 'maybe',
          head: `${formatCount(candidates.fits)} configurations fit`,
          rest: `, none of ${sizeOf(plan.from)}`,
        }
      : { tone: 'no', head: `nothing fits on ${cardName(config)}`, rest: '' };
  const { verdict, memory } = goal;
  const { highBytes } = memory.range;
  const usable = 'usableBytes' in verdict ? verdict.usableBytes : highBytes;
  const unit = unitOfAll([usable, highBytes]);
  return {
    tone: 'yes',
    head: `${goal.hiddenDim} wide × ${goal.layers} layers ${does}`,
    rest: `: at most ${formatBytesPair(highBytes, usable, 'of')} usable, ${leftOver(usable, highBytes, unit)} spare`,
  };
}

function why(goal: Stage | undefined, { device, plan, pareto }: Sweep, layout: Layout): Block {
  const anyClose = [...plan.stages, ...pareto.slice(0, mostEntries)].some((row) => isClose(row, device));
  const share = goal?.onCard?.largerShare;
  const reasons = [
    ...(goal?.onCard?.precision === undefined ? [] : [goal.onCard.precision]),
    ...(share ? [shareText(share, goal.memory.range.lowBytes)] : []),
    ...sameSizeReports(device, anyClose ? ' (*)' : ''),
  ];
  return reasons.length === 0 ? [] : labelled('why', reasons.join('; '), layout);
}

/** Why each of several cards was taken or not; the first ones are the cheapest. */
function cardTable(sweep: Sweep, layout: Layout): readonly Part[] {
  if (sweep.cards === undefined) return [];
  const [, head = '', ...rows] = fittingTable('', cardColumns(sweep), sweep.cards, besideLabel(layout));
  return [
    { lines: labelledLines('cards', [head], layout) },
    ...rows.map((row, index) => ({ lines: indented([row]), dispensable: 1.6 + index / 100 })),
  ];
}

function counted({ candidates }: Sweep): string {
  const { total, fits, tight, exceeds, refused } = candidates;
  const numRefused = refused.reduce((sum, { count }) => sum + count, 0);
  const of = `${formatCount(fits)} of ${formatCount(total)} configurations fit, ${formatCount(tight)} may fit, ${formatCount(exceeds)} do not`;
  return numRefused === 0 ? of : `${of}; ${formatCount(numRefused)} cannot run (--details says why)`;
}

type OnCard = Pick<Stage, 'memory' | 'verdict'>;

/** Too little is left for a card of the same size that reports least. */
function isClose({ verdict, memory }: OnCard, device: Sweep['device']): boolean {
  const least = device?.reportedBySameSize?.[0];
  return (
    least !== undefined &&
    'usableBytes' in verdict &&
    verdict.usableBytes - memory.range.highBytes < device!.nominalBytes - least
  );
}

/** One unit for what stands together; a star where too little is left. */
function bytesColumns<Row extends OnCard>(device: Sweep['device'], rows: readonly Row[]): readonly Column<Row>[] {
  const unit = unitOfAll(rows.map(({ memory }) => memory.range.highBytes));
  const anyClose = rows.some((row) => isClose(row, device));
  const spare = (row: Row): string => {
    if (!('usableBytes' in row.verdict)) return '';
    const mark = isClose(row, device) ? ' *' : '  ';
    return `${leftOver(row.verdict.usableBytes, row.memory.range.highBytes, unit)}${anyClose ? mark : ''}`;
  };
  return [
    { title: `at most ${unit.name}`, alignment: '>', text: ({ memory }) => inUnit(memory.range.highBytes, unit) },
    { title: anyClose ? 'spare  ' : 'spare', alignment: '>', text: spare },
  ];
}

/** The ends of the way always; what lies between them as far as there is room. */
function planTable(sweep: Sweep, layout: Layout): readonly Part[] {
  const { from, to, stages } = sweep.plan;
  if (stages.length === 0) return [];
  const columns: readonly Column<Stage>[] = [
    { title: 'size', alignment: '<', text: (stage) => sizeOf(stage) },
    { title: 'batch×acc', alignment: '>', text: ({ batchSize, accumulate }) => `${batchSize}×${accumulate}` },
    { title: 'checkpoint', alignment: '<', text: ({ checkpoint }) => checkpoint.join('+') || 'none' },
    ...bytesColumns(sweep.device, stages),
    { title: 'work', alignment: '>', text: ({ relativeCost }) => `${relativeCost.toFixed(1)}×` },
  ];
  const [, head = '', ...rows] = fittingTable('', columns, stages, besideLabel(layout));
  const title = `from ${sizeOf(from)} to ${sizeOf(to)} (--from, --to), ${samplesPerStep(sweep)}`;
  return [
    { lines: [...labelled('plan', title, layout), ...indented([head])] },
    ...rows.map((row, index) => ({
      lines: indented([row]),
      ...(index > 0 && index < rows.length - 1 && { dispensable: 2 + index / 100 }),
    })),
  ];
}

/** With --updates. */
function paths({ plan }: Sweep, layout: Layout): readonly Part[] {
  if (plan.paths === undefined) return [];
  const { rows, prices } = plan.paths;
  const [, ...table] = fittingTable('', pathColumns(prices.currency), rows, besideLabel(layout));
  return [{ lines: labelledLines('orders', table, layout), dispensable: 1.5 }];
}

type Entry = Sweep['pareto'][number];
const mostEntries = 5;

function front({ pareto, device }: Sweep, layout: Layout): readonly Part[] {
  if (pareto.length === 0) return [];
  const columns: readonly Column<Entry>[] = [
    { title: 'size', alignment: '<', text: ({ config }) => sizeOf(config.model) },
    { title: 'batch', alignment: '>', text: ({ config }) => String(config.recipe.batchSize) },
    { title: 'precision', alignment: '<', text: ({ config }) => config.recipe.precision, onlyIfVaried: true },
    { title: 'checkpoint', alignment: '<', text: ({ config }) => formatCheckpoint(config.recipe.checkpoint) },
    ...bytesColumns(device, pareto),
  ];
  const [, head = '', ...rows] = fittingTable('', columns, pareto.slice(0, mostEntries), besideLabel(layout));
  const [first = '', ...others] = rows;
  return [
    { lines: labelledLines('largest', [head, first], layout), dispensable: 3 },
    ...others.map((row, index) => ({ lines: indented([row]), dispensable: 3.1 + index / 100 })),
  ];
}
