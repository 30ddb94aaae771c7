import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { subjectOfAll } from '../subject.js';
import { answerLine, columns, flow, page, paragraph, styleOf } from '../terminal/blocks.js';
import { answerOf, causeRows, moduleRows, partRows, totalRows } from './rows.js';
import type { Comparison } from './schema.js';
import { comparisonScreen } from './screen.js';

export const renderComparison = (comparison: Comparison, layout: Layout): string =>
  layout.details ? allOf(comparison, layout) : comparisonScreen(comparison, layout);

function allOf(comparison: Comparison, layout: Layout): string {
  const style = styleOf(layout);
  const { before, after, categories } = comparison;
  const table = (title: string, rows: readonly (readonly string[])[]) => columns(style.bold(title), rows, '<>>>');
  return page([
    [
      ...paragraph(subjectOfAll([before.config, after.config], layout.columns, ' → '), layout).map((line) =>
        style.dim(line),
      ),
      ...paragraph(answerLine(answerOf(comparison), style), layout),
      ...[before, after].flatMap((side) => paragraph(configLine(side), layout)).map((line) => style.dim(line)),
    ],
    columns(style.bold('Because of'), causeRows(comparison), '<>>', layout),
    flow(
      [
        table('Before and after', totalRows(comparison)),
        table('By category', partRows(categories)),
        table('By module', moduleRows(comparison)),
      ],
      layout,
    ),
    [style.bold('To reproduce'), before.command, after.command],
  ]);
}
