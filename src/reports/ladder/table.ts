/** The ladder in a terminal: predicted lines, measured points, and the laws. */
import { errorPercent } from '../../accuracy/figures.js';
import { configLine } from '../config-line.js';
import type { Answer, Layout } from '../formats.js';
import { answerLine, type Block, columns, flow, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, formatError, inUnit, unitOf } from '../units.js';
import type { Ladder } from './schema.js';

type Series = Ladder['series'][number];

export const axisNames: Readonly<Record<Series['axis'], string>> = {
  hiddenDim: 'hidden dimension',
  layers: 'layers',
  meshLevel: 'mesh level',
  batchSize: 'batch',
};

export function renderLadder(ladder: Ladder, layout: Layout): string {
  const { series, assumptions } = ladder;
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(answerLine(ladderAnswer(ladder), style), layout),
      ...paragraph(style.dim(configLine(ladder)), layout),
    ],
    flow(
      series.map((each) => plot(each, style.bold(`Peak along ${axisNames[each.axis]}`))),
      layout,
    ),
    columns(style.bold('Sizes'), rows(series), '<>>>>'),
    columns(
      style.bold('Laws'),
      series.flatMap(({ laws }) =>
        laws.map(({ claim, errorPercent: error = 0, holds }) => [
          holds ? style.green('holds') : style.red('broken'),
          claim,
          `largest size extrapolated from the smaller ones: ${formatError(error)}`,
        ]),
      ),
      '<<<',
    ),
    list(style.bold('Assumptions'), assumptions, layout),
  ]);
}

export function ladderAnswer({ series, verdict, backend }: Ladder): Answer {
  const isWithin = verdict.kind === 'within';
  return {
    tone: isWithin ? 'yes' : 'no',
    head: isWithin ? 'memory grows as the estimate claims' : 'memory does not grow as the estimate claims',
    rest: `: ${series.flatMap(({ rungs }) => rungs).length} sizes, real training steps on ${backend.name}`,
  };
}

export const lawSentences = (series: readonly Series[]): readonly string[] =>
  series.flatMap(({ laws }) =>
    laws.map(
      ({ claim, errorPercent: error = 0, holds }) =>
        `${holds ? 'holds' : 'broken'}: ${claim}; largest size extrapolated from the smaller ones: ${formatError(error)}`,
    ),
  );

export const rows = (series: readonly Series[]): string[][] => [
  ['', '', 'predicted', 'measured', 'error'],
  ...series.flatMap(({ axis, rungs }) =>
    rungs.map(({ value, predicted, measured, verdict }) => [
      axisNames[axis],
      String(value),
      formatBytes(predicted.peakLiveBytes),
      measured === undefined ? verdict.kind : formatBytes(measured.peakLiveBytes),
      measured === undefined ? '' : formatError(errorPercent(predicted.peakLiveBytes, measured.peakLiveBytes)),
    ]),
  ),
];

const plotWidth = 32;
const plotHeight = 8;

/** `·` the prediction between two sizes, `●` a measurement. */
function plot({ rungs }: Series, title: string): Block {
  const values = rungs.map(({ value }) => value);
  const [first, last] = [values[0]!, values.at(-1)!];
  const top = Math.max(
    ...rungs.flatMap(({ predicted, measured }) => [predicted.peakLiveBytes, measured?.peakLiveBytes ?? 0]),
  );
  const cells = Array.from({ length: plotHeight }, () => Array.from({ length: plotWidth }, () => ' '));
  const rowOf = (bytes: number) => plotHeight - 1 - Math.round(((plotHeight - 1) * bytes) / top);
  const columnOf = (value: number) =>
    last === first ? 0 : Math.round(((plotWidth - 1) * (value - first)) / (last - first));
  for (let column = 0; column < plotWidth; column++) {
    const value = first + ((last - first) * column) / (plotWidth - 1);
    cells[rowOf(interpolated(rungs, value))]![column] = '·';
  }
  for (const { value, measured } of rungs)
    if (measured !== undefined) cells[rowOf(measured.peakLiveBytes)]![columnOf(value)] = '●';
  const unit = unitOf(top);
  const label = `${inUnit(top, unit)} ${unit.name}`;
  const lines = cells.map(
    (row, i) => `${(i === 0 ? label : i === plotHeight - 1 ? '0' : '').padStart(label.length)} │${row.join('')}`,
  );
  const ends = `${first}${String(last).padStart(plotWidth - String(first).length)}`;
  return [
    title,
    ...lines,
    `${' '.repeat(label.length)} └${'─'.repeat(plotWidth)}`,
    `${' '.repeat(label.length + 2)}${ends}`,
  ];
}

function interpolated(rungs: Series['rungs'], value: number): number {
  const after = Math.max(
    1,
    rungs.findIndex((rung) => rung.value >= value),
  );
  const [low, high] = [rungs[after - 1]!, rungs[after] ?? rungs[after - 1]!];
  if (low.value === high.value) return low.predicted.peakLiveBytes;
  const share = (value - low.value) / (high.value - low.value);
  return low.predicted.peakLiveBytes + share * (high.predicted.peakLiveBytes - low.predicted.peakLiveBytes);
}
