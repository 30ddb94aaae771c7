/** What a person reads of `gc-plan capture`. */
import type { Layout } from '../formats.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, formatCount } from '../units.js';
import type { Capture } from './schema.js';

export function renderCapture(
  { source, framework, versions, trace, unseen, assumptions }: Capture,
  layout: Layout,
): string {
  const style = styleOf(layout);
  const answer = {
    tone: unseen.length > 0 ? ('maybe' as const) : ('yes' as const),
    head: trace === null ? 'not captured' : `captured ${source}`,
    rest: trace === null ? `: ${source}` : `: ${formatBytes(trace.peakLiveBytes)} live at the peak`,
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
            ['holds', `${formatCount(trace.numEvents)} events of ${formatCount(trace.numBuffers)} arrays, two steps`],
            ['parameters', `${formatCount(trace.parameters.count)} (${formatBytes(trace.parameters.bytes)})`],
            ['peak', `in ${trace.peak.phase}, at ${trace.peak.operation}`],
          ],
          '<<',
        ),
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
