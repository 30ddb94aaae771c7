/** What a person reads of `gc-plan capture`. */
import type { Layout } from '../formats.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, formatCount } from '../units.js';
import type { Capture } from './schema.js';

export function renderCapture(
  { source, framework, versions, trace, measured, unseen, assumptions }: Capture,
  layout: Layout,
): string {
  const style = styleOf(layout);
  const answer = {
    tone: unseen.length > 0 ? ('maybe' as const) : ('yes' as const),
    ...(measured === undefined ? captured(source, trace) : { head: `measured ${source}`, rest: `: ${measured.file}` }),
  };
  const known = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return page([
    [
      ...paragraph(answerLine(answer, style), layout),
      ...paragraph([framework, ...known].join(' · '), layout).map((line) => style.dim(line)),
    ],
    trace === null
      ? []
      : columns(
          style.bold('The trace'),
          [
            ['file', `${trace.file} (${formatBytes(trace.fileBytes)})`],
            [
              'holds',
              `${formatCount(trace.numEvents)} events of ${formatCount(trace.numBuffers)} arrays, ${trace.compiled ? `as compiled for ${trace.compiled.card}` : 'two steps'}`,
            ],
            ['parameters', `${formatCount(trace.parameters.count)} (${formatBytes(trace.parameters.bytes)})`],
            ['peak', `in ${trace.peak.phase}, at ${trace.peak.operation}`],
          ],
          '<<',
        ),
    measured === undefined ? [] : columns(style.bold('On the card'), measuredRows(measured.lines), '<<'),
    list(
      style.bold('Not seen'),
      unseen.map(({ what, why, nextStep }) => `${what}: ${why}. ${nextStep}.`),
      layout,
    ),
    trace === null
      ? []
      : list(
          style.bold('Next'),
          [`gc-plan estimate --trace ${trace.file} --gpu NAME`, `gc-plan explain --trace ${trace.file}`],
          layout,
        ),
    list(style.bold('Assumptions'), assumptions, layout),
  ]);
}

const captured = (source: string, trace: Capture['trace']) =>
  trace === null
    ? { head: 'not captured', rest: `: ${source}` }
    : { head: `captured ${source}`, rest: `: ${formatBytes(trace.peakLiveBytes)} live at the peak` };

const measuredRows = (lines: readonly Readonly<Record<string, unknown>>[]): readonly (readonly string[])[] =>
  lines.flatMap((line) =>
    Object.entries(line).flatMap(([name, value]) => (typeof value === 'object' ? [] : [[name, String(value)]])),
  );
