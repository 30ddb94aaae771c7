import { configLine } from '../config-line.js';
import type { Answer, Layout } from '../formats.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatCount, formatError } from '../units.js';
import type { Measured } from './schema.js';

export function renderMeasured(report: Measured, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [answerLine(measuredAnswer(report), style)],
    ...report.records.flatMap((record) => [
      paragraph(style.dim(sourceText(record)), layout).concat(paragraph(style.dim(configLine(record)), layout)),
      columns(style.bold('Bytes'), [comparisonHead.with(0, ''), ...comparisonRows(record)], '<>>>'),
    ]),
    list(style.bold('Assumptions'), [...new Set(report.records.flatMap(({ assumptions }) => assumptions))], layout),
  ]);
}

export function measuredAnswer({ records, verdict }: Measured): Answer {
  const numRecords = records.length === 1 ? 'one measurement' : `${records.length} measurements`;
  const isWithin = verdict.kind === 'within';
  return {
    tone: isWithin ? 'yes' : 'no',
    head: isWithin ? 'within tolerance' : 'outside the tolerance',
    rest: `: ${numRecords} compared with the estimate`,
  };
}

type MeasuredRecord = Measured['records'][number];

export const sourceText = ({ source, version = '', device = '' }: MeasuredRecord): string =>
  `${source} ${version} ${device}`.trim();

export const comparisonHead = ['quantity', 'predicted', 'measured', 'error'];

export const comparisonRows = ({ comparisons }: MeasuredRecord): string[][] =>
  comparisons.map(({ measuredAs, predictedBytes, measuredBytes, errorPercent }) => [
    measuredAs,
    formatCount(predictedBytes),
    formatCount(measuredBytes),
    formatError(errorPercent),
  ]);
