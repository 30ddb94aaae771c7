/** A table that gives up its least important columns where the terminal is narrow. */
import { type Column, shownColumns } from '../columns.js';
import type { Layout } from '../formats.js';
import { type Block, columns } from './blocks.js';

const gap = 2;

export function fittingTable<Row>(
  title: string,
  all: readonly Column<Row>[],
  rows: readonly Row[],
  layout: Layout,
): Block {
  const widthOf = (column: Column<Row>) =>
    gap + Math.max(column.title.length, ...rows.map((row) => column.text(row).length));
  let kept = shownColumns(all, rows);
  while (kept.reduce((sum, column) => sum + widthOf(column), -gap) > layout.columns) {
    const least = kept.reduce((a, b) => ((b.dispensable ?? 0) > (a.dispensable ?? 0) ? b : a));
    if (least.dispensable === undefined) break;
    kept = kept.filter((column) => column !== least);
  }
  const cells = [kept.map((column) => column.title), ...rows.map((row) => kept.map((column) => column.text(row)))];
  return columns(title, cells, kept.map(({ alignment }) => alignment).join(''));
}
