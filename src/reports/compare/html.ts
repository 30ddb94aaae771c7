/** The page of a comparison: how much, because of what, and where it lies. */
import { configLine, subjectOf } from '../config-line.js';
import type { Layout } from '../formats.js';
import { barChart, verdictBar } from '../pages/bars.js';
import { html } from '../pages/markup.js';
import { codeBlock, dataTable, renderPage, section, typedCommand } from '../pages/page.js';
import { subjectOfAll } from '../subject.js';
import { answerOf, causeRows, moduleRows, partRows, totalRows } from './rows.js';
import type { Comparison } from './schema.js';

export function renderComparisonPage(comparison: Comparison, layout: Layout): string {
  const { before, after, categories, tool } = comparison;
  const { tone, head, rest } = answerOf(comparison);
  const [from, to] = [before, after].map(({ config }) => subjectOf(config));
  const causes = causeRows(comparison);
  const differences = (caption: string, rows: readonly (readonly string[])[]) =>
    dataTable(caption, ['', 'before', 'after', 'difference'], rows, '<>>>');
  return renderPage({
    question: from === to ? `What does the change make of ${from}?` : `How do ${from} and ${to} differ?`,
    answer: { tone, text: head + rest },
    subject: subjectOfAll([before.config, after.config], Number.POSITIVE_INFINITY, ' → '),
    setting: `${configLine(before)} → ${configLine(after)}`,
    sections: [
      section(
        'On the card',
        barChart('Upper end of the range', [
          verdictBar('before', before.verdict, before.memory.range),
          verdictBar('after', after.verdict, after.memory.range),
        ]),
      ),
      ...(causes.length === 0
        ? []
        : [
            section(
              'Because of',
              dataTable('One change after the other', ['change', 'difference', 'on the card'], causes, '<>>'),
            ),
          ]),
      section(
        'Before and after',
        html`<div class="columns">${[
          differences('Totals', totalRows(comparison)),
          differences('Live bytes at the peak, by category', partRows(categories)),
          differences('Live bytes at the peak, by module', moduleRows(comparison)),
        ]}</div>`,
      ),
      section('Each of the two', codeBlock(before.command), codeBlock(after.command)),
    ],
    assumptions: [...new Set([...before.assumptions, ...after.assumptions])],
    accuracy: after.accuracy,
    commands: typedCommand(layout, 'gc-plan compare'),
    tool,
    date: layout.date,
  });
}
