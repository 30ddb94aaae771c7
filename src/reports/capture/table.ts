/** What a person reads of `gc-plan capture`. */
import type { Answer, Layout } from '../formats.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, formatCount } from '../units.js';
import type { Capture } from './schema.js';

export function renderCapture(report: Capture, layout: Layout): string {
  const { trace, measured, unseen, assumptions } = report;
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(answerLine(captureAnswer(report), style), layout),
      ...paragraph(versionsText(report), layout).map((line) => style.dim(line)),
    ],
    trace === null ? [] : columns(style.bold('The trace'), traceRows(trace), '<<'),
    measured === undefined ? [] : columns(style.bold('On the card'), measuredRows(measured.lines), '<<'),
    list(style.bold('Not seen'), unseenSentences(unseen), layout),
    trace === null ? [] : list(style.bold('Next'), nextCommands(trace), layout),
    list(style.bold('Assumptions'), assumptions, layout),
  ]);
}

export const captureAnswer = ({ source, trace, measured, unseen }: Capture): Answer => ({
  tone: unseen.length > 0 ? 'maybe' : 'yes',
  ...(measured === undefined ? captured(source, trace) : { head: `measured ${source}`, rest: `: ${measured.file}` }),
});

export const versionsText = ({ framework, versions }: Capture): string =>
  [framework, ...Object.entries(versions).map(([name, version]) => `${name} ${version}`)].join(' · ');

type Trace = NonNullable<Capture['trace']>;

export const traceRows = (trace: Trace): string[][] => [
  ['file', `${trace.file} (${formatBytes(trace.fileBytes)})`],
  [
    'holds',
    `${formatCount(trace.numEvents)} events of ${formatCount(trace.numBuffers)} arrays, ${trace.compiled ? `as compiled for ${trace.compiled.card}` : 'two steps'}`,
  ],
  ['parameters', `${formatCount(trace.parameters.count)} (${formatBytes(trace.parameters.bytes)})`],
  ['peak', `in ${trace.peak.phase}, at ${trace.peak.operation}`],
];

export const unseenSentences = (unseen: Capture['unseen']): readonly string[] =>
  unseen.map(({ what, why, nextStep }) => `${what}: ${why}. ${nextStep}.`);

export const nextCommands = ({ file }: Trace): readonly string[] => [
  `gc-plan estimate --trace ${file} --gpu NAME`,
  `gc-plan explain --trace ${file}`,
];

const captured = (source: string, trace: Capture['trace']) =>
  trace === null
    ? { head: 'not captured', rest: `: ${source}` }
    : { head: `captured ${source}`, rest: `: ${formatBytes(trace.peakLiveBytes)} live at the peak` };

export const measuredRows = (lines: readonly Readonly<Record<string, unknown>>[]): readonly (readonly string[])[] =>
  lines.flatMap((line) =>
    Object.entries(line).flatMap(([name, value]) => (typeof value === 'object' ? [] : [[name, String(value)]])),
  );
