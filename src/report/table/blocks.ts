/** Blocks of text: lines of a known width, put below or beside each other. */
import { stripVTControlCharacters } from 'node:util';
import { Chalk, type ChalkInstance } from 'chalk';
import { getBorderCharacters, table } from 'table';
import type { Layout } from '../formats.js';

export type Block = readonly string[];

export const styleOf = (layout: Layout): ChalkInstance => new Chalk({ level: layout.colour ? 1 : 0 });

const width = (line: string) => stripVTControlCharacters(line).length;
const widest = (block: Block) => Math.max(0, ...block.map(width));
const trimmed = (text: string): Block => text.split('\n').map((line) => line.trimEnd());

/** A title over columns; the first column is text, the others are numbers unless said otherwise. */
export function columns(title: string, rows: readonly (readonly string[])[], numText = 1): Block {
  const last = (rows[0]?.length ?? 1) - 1;
  const text = table(
    rows.map((row) => [...row]),
    {
      border: getBorderCharacters('void'),
      drawHorizontalLine: () => false,
      columnDefault: { paddingLeft: 0, paddingRight: 2, alignment: 'right' },
      columns: Array.from({ length: last + 1 }, (_, index) => ({
        alignment: index < numText ? 'left' : 'right',
        ...(index === last ? { paddingRight: 0 } : {}),
      })),
    },
  );
  const body = trimmed(text.trimEnd());
  return [title, ...body];
}

/** Paragraphs with a mark in front, broken at words. */
export function list(title: string, items: readonly string[], layout: Layout): Block {
  if (items.length === 0) return [];
  const text = table(
    items.map((item) => ['·', item]),
    {
      border: getBorderCharacters('void'),
      drawHorizontalLine: () => false,
      columnDefault: { paddingLeft: 0, paddingRight: 1 },
      columns: [{ width: 1 }, { width: layout.columns - 4, wrapWord: true }],
    },
  );
  return [title, ...trimmed(text.trimEnd())];
}

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
