/** The page of a checkpoint that was carried over: what became of every array. */
import type { Layout } from '../formats.js';
import { html } from '../pages/markup.js';
import { dataTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { formatCount } from '../units.js';
import type { Grown } from './schema.js';
import { grownAnswer, kinds, rowsOf } from './table.js';

export function renderGrownPage(report: Grown, layout: Layout): string {
  const { checkpoint, from, to, arrays, optimizer, dropped, assumptions, tool } = report;
  const { tone, head, rest } = grownAnswer(report);
  const shapeText = (shape: readonly number[] | undefined) => (shape === undefined ? '–' : `[${shape.join(', ')}]`);
  return renderPage({
    question: `How does ${from.file} grow?`,
    answer: { tone, text: head + rest },
    setting: `${checkpoint} · ${formatCount(from.elements)} → ${formatCount(to.elements)} values in ${formatCount(from.arrays)} → ${formatCount(to.arrays)} arrays`,
    sections: [
      section(
        'What became of the arrays',
        dataTable(
          'Arrays, by network and by how each was made',
          ['network', ...kinds, 'arrays'],
          rowsOf(report),
          '<>>>>>>',
        ),
        html`<details><summary>${formatCount(arrays.length)} arrays, one by one</summary>
${dataTable(
  'Every array of the written file',
  ['array', 'how', 'shape before', 'shape'],
  arrays.map(({ name, how, shape, fromShape }) => [name, how, shapeText(fromShape), shapeText(shape)]),
  '<<<<',
)}</details>`,
      ),
      ...(optimizer === 'none' ? [] : [section('Left out', list(dropped))]),
    ],
    assumptions,
    commands: typedCommand(layout, 'gc-plan grow'),
    tool,
    date: layout.date,
  });
}
