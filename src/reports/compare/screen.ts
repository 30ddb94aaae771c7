/** The first screen of a comparison: how much, because of what, and where it lies. */
import { accuracyInShort } from '../estimate/numbers.js';
import type { Layout } from '../formats.js';
import { recipeText, subjectOfAll } from '../subject.js';
import { answerLine, type Block, columns, paragraph, styleOf } from '../terminal/blocks.js';
import { besideLabel, indented, labelled, labelledLines, type Part, screen } from '../terminal/screen.js';
import { answerOf, causeRows, moduleRows, totalRows } from './rows.js';
import type { Comparison } from './schema.js';

const mostCauses = 5;
const mostModules = 4;

/** Where the change went too far. */
const wayOut = ({ verdict, command }: Comparison['after']): string | undefined =>
  verdict.kind === 'exceeds' || verdict.kind === 'tight'
    ? command.replace('gc-plan estimate', 'gc-plan advise')
    : undefined;

export function comparisonScreen(comparison: Comparison, layout: Layout): string {
  const style = styleOf(layout);
  const { before, after } = comparison;
  const { command = 'gc-plan compare' } = layout;
  const [head, ...flags] = command.split(' -- ');
  return screen([
    {
      lines: [
        ...paragraph(subjectOfAll([before.config, after.config], layout.columns, ' → '), layout).map((line) =>
          style.dim(line),
        ),
        ...paragraph(answerLine(answerOf(comparison), style), layout),
      ],
    },
    { lines: labelled('from', recipeText(before.config), layout) },
    { lines: labelled('to', recipeText(after.config), layout) },
    ...table('why', causeRows(comparison), '<>>', layout, mostCauses),
    ...table('total', totalRows(comparison).slice(1, -1), '<>>>', layout, 6),
    ...table('modules', moduleRows(comparison, mostModules), '<>>>', layout, mostModules),
    { lines: labelled('checked', accuracyInShort(after.accuracy), layout) },
    { lines: labelledLines('next', [wayOut(after) ?? [`${head} --details`, ...flags].join(' -- ')], layout) },
  ]);
}

/** The first rows always or before others; what finds no room is given up from the end. */
function table(
  label: string,
  rows: readonly (readonly string[])[],
  alignments: string,
  layout: Layout,
  most: number,
): readonly Part[] {
  if (rows.length === 0) return [];
  const [, ...lines]: Block = columns('', rows.slice(0, most), alignments, besideLabel(layout));
  const left = rows.length - most;
  const all = left > 0 ? [...lines, `… ${left} more: --details`] : lines;
  const rank = { why: 2, total: 3, modules: 4 }[label] ?? 5;
  return all.map((line, index) => ({
    lines: index === 0 ? labelledLines(label, [line], layout) : indented([line]),
    ...(index > 0 && { dispensable: rank + index / 100 }),
  }));
}
