import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatCount, formatError } from '../units.js';
import type { Measured } from './schema.js';

export function renderMeasured({ records, verdict }: Measured, layout: Layout): string {
  const style = styleOf(layout);
  const within = verdict.kind === 'within';
  const answer = within ? style.green.bold('within tolerance') : style.red.bold('outside the tolerance');
  const numRecords = records.length === 1 ? 'one measurement' : `${records.length} measurements`;
  return page([
    [`${answer}: ${numRecords} compared with the estimate`],
    ...records.flatMap((record) => [
      paragraph(style.dim(`${record.source} ${record.version ?? ''} ${record.device ?? ''}`.trim()), layout).concat(
        paragraph(style.dim(configLine(record)), layout),
      ),
      columns(
        style.bold('Bytes'),
        [
          ['', 'predicted', 'measured', 'error'],
          ...record.comparisons.map(({ measuredAs, predictedBytes, measuredBytes, errorPercent }) => [
            measuredAs,
            formatCount(predictedBytes),
            formatCount(measuredBytes),
            formatError(errorPercent),
          ]),
        ],
        '<>>>',
      ),
    ]),
    list(style.bold('Assumptions'), [...new Set(records.flatMap(({ assumptions }) => assumptions))], layout),
  ]);
}
