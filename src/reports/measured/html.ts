/** The page of numbers that were measured elsewhere, each beside its estimate. */
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { html } from '../pages/markup.js';
import { dataTable, renderPage, section, typedCommand } from '../pages/page.js';
import type { Measured } from './schema.js';
import { comparisonHead, comparisonRows, measuredAnswer, sourceText } from './table.js';

export function renderMeasuredPage(report: Measured, layout: Layout): string {
  const { records, tool } = report;
  const { tone, head, rest } = measuredAnswer(report);
  return renderPage({
    question: 'Does the estimate agree with what was measured?',
    answer: { tone, text: head + rest },
    setting: [...new Set(records.map(sourceText))].join(', '),
    sections: records.map((record, index) =>
      section(
        records.length === 1 ? 'Predicted and measured' : `Measurement ${index + 1}`,
        html`<p class="soft">${configLine(record)}</p>`,
        dataTable(`Bytes, as ${sourceText(record)} counts them`, comparisonHead, comparisonRows(record), '<>>>'),
      ),
    ),
    assumptions: [...new Set(records.flatMap(({ assumptions }) => assumptions))],
    commands: typedCommand(layout, 'gc-plan verify'),
    tool,
    date: layout.date,
  });
}
