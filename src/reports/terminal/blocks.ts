/** Blocks of text: lines of a known width, put below or beside each other. */
import { stripVTControlCharacters } from 'node:util';
import { Chalk, type ChalkInstance } from 'chalk';
import { getBorderCharacters, table } from 'table';
import { type Answer, type Column, type Layout, shownColumns } from '../formats.js';

export type Block = readonly string[];

export const styleOf = (layout: Layout): ChalkInstance => new Chalk({ level: layout.colour ? 1 : 0 });

const width = (line: string) => stripVTControlCharacters(line).length;
const widest = (block: Block) => Math.max(0, ...block.map(width));
const trimmed = (text: string): Block => text.split('\n').map((line) => line.trimEnd());

type Rows = readonly (readonly string[])[];
const columnGap = 2;

/** A title over columns, each `<` text or `>` number. With a layout, the widest text is broken at words where a line would be too long. */
export function columns(title: string, rows: Rows, alignments: string, layout?: Layout): Block {
  const broken = layout && brokenColumn(rows, alignments, layout);
  const text = table(
    rows.map((row) => [...row]),
    {
      border: getBorderCharacters('void'),
      drawHorizontalLine: () => false,
      columns: [...alignments].map((alignment, index) => ({
        alignment: alignment === '<' ? 'left' : 'right',
        paddingLeft: 0,
        paddingRight: index === alignments.length - 1 ? 0 : columnGap,
        ...(index === broken?.index && { width: broken.width, wrapWord: true }),
      })),
    },
  );
  return [title, ...trimmed(text.trimEnd())];
}

const leastWidth = 12;

function brokenColumn(rows: Rows, alignments: string, layout: Layout) {
  const widths = [...alignments].map((_, index) => Math.max(0, ...rows.map((row) => width(row[index] ?? ''))));
  const excess = widths.reduce((sum, each) => sum + each + columnGap, -columnGap) - layout.columns;
  const widestText = Math.max(...widths.filter((_, index) => alignments[index] === '<'));
  if (excess <= 0 || widestText <= leastWidth) return undefined;
  return { index: widths.indexOf(widestText), width: Math.max(leastWidth, widestText - excess) };
}

export function wrapped(rows: readonly (readonly string[])[], widths: readonly number[]): Block {
  const text = table(
    rows.map((row) => [...row]),
    {
      border: getBorderCharacters('void'),
      drawHorizontalLine: () => false,
      columnDefault: { paddingLeft: 0, paddingRight: 1 },
      columns: widths.map((width) => ({ width, wrapWord: true })),
    },
  );
  return trimmed(text.trimEnd());
}

/** One running text, broken at words. */
export const paragraph = (text: string, layout: Layout): Block => wrapped([[text]], [layout.columns - 1]);

const paints = { yes: 'green', maybe: 'yellow', no: 'red', neutral: 'reset' } as const;

export const answerLine = ({ tone, head, rest }: Answer, style: ChalkInstance): string =>
  `${style[paints[tone]].bold(head)}${rest}`;

/** Paragraphs with a mark in front. */
export const list = (title: string, items: readonly string[], layout: Layout): Block =>
  items.length === 0
    ? []
    : [
        title,
        ...wrapped(
          items.map((item) => ['·', item]),
          [1, layout.columns - 4],
        ),
      ];

const gap = 4;

/** As many blocks per row as the width allows, in reading order. */
export function flow(blocks: readonly Block[], layout: Layout): Block {
  const rows: Block[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const block of blocks.filter(({ length }) => length > 0)) {
    const needed = widest(block) + gap;
    if (used + needed - gap > layout.columns) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(block);
    used += needed;
  }
  return rows.flatMap((row, index) => [...(index === 0 ? [] : ['']), ...beside(row)]);
}

function beside(blocks: readonly Block[]): Block {
  const height = Math.max(...blocks.map(({ length }) => length));
  return Array.from({ length: height }, (_, index) =>
    blocks
      .map((block) => {
        const line = block[index] ?? '';
        return line + ' '.repeat(widest(block) - width(line));
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

/** Sections with an empty line between them. */
export const page = (sections: readonly Block[]): string =>
  sections
    .filter(({ length }) => length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n');

/** A table that gives up its least important columns where the terminal is narrow. */
export function fittingTable<Row>(
  title: string,
  all: readonly Column<Row>[],
  rows: readonly Row[],
  layout: Layout,
): Block {
  const widthOf = (column: Column<Row>) =>
    columnGap + Math.max(column.title.length, ...rows.map((row) => column.text(row).length));
  let kept = shownColumns(all, rows);
  while (kept.reduce((sum, column) => sum + widthOf(column), -columnGap) > layout.columns) {
    const least = kept.reduce((a, b) => ((b.dispensable ?? 0) > (a.dispensable ?? 0) ? b : a));
    if (least.dispensable === undefined) break;
    kept = kept.filter((column) => column !== least);
  }
  const cells = [kept.map((column) => column.title), ...rows.map((row) => kept.map((column) => column.text(row)))];
  return columns(title, cells, kept.map(({ alignment }) => alignment).join(''));
}
