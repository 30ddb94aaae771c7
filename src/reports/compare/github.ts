/** As a comment on a pull request. */
import { configLine } from '../config-line.js';
import { code, inlineText, markdownTable } from '../markdown.js';
import { answerOf, causeRows, moduleRows, partRows, totalRows } from './rows.js';
import type { Comparison } from './schema.js';

export function renderComparison(comparison: Comparison): string {
  const { before, after, categories } = comparison;
  const { head, rest } = answerOf(comparison);
  const table = (title: string, rows: readonly (readonly string[])[]) =>
    markdownTable([title, 'before', 'after', 'difference'], rows, '<>>>');
  return [
    `**${inlineText(head)}**${inlineText(rest)}`,
    '',
    `${code(configLine(before))} → ${code(configLine(after))}`,
    '',
    markdownTable(
      ['because of', 'difference', 'on the card'],
      causeRows(comparison).map(([change = '', ...rest]) => [code(change), ...rest]),
      '<>>',
    ),
    '',
    table('', totalRows(comparison)),
    '',
    table('category', partRows(categories)),
    '',
    table('module', moduleRows(comparison)),
    '',
    `${code(before.command)} · ${code(after.command)}`,
  ].join('\n');
}
