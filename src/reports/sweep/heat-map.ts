/** Width × depth → least live bytes of any candidate, small enough for a terminal; what does not fit is marked. */
import type { ChalkInstance } from 'chalk';
import { GiB } from '../../units.js';
import type { Layout } from '../formats.js';
import type { Block } from '../terminal/blocks.js';
import type { Sweep } from './schema.js';

type Cell = Sweep['sizes'][number];

const cellWidth = 7;
const maximumRows = 16;
const marks = { fits: ' ', tight: '~', exceeds: '×' } as const;

export function heatMap(cells: readonly Cell[], layout: Layout, style: ChalkInstance): Block {
  const widths = distinct(cells.map(({ hiddenDim }) => hiddenDim));
  const depths = distinct(cells.map(({ layers }) => layers));
  if (widths.length * depths.length < 2) return [];
  const margin = Math.max(...widths.map((width) => String(width).length), 'width'.length);
  const shownDepths = thinned(depths, Math.floor((layout.columns - 1 - margin) / cellWidth));
  const shownWidths = thinned(widths, maximumRows);
  const cellAt = new Map(cells.map((cell) => [`${cell.hiddenDim}/${cell.layers}`, cell]));
  const paint = { fits: style.green, tight: style.yellow, exceeds: style.red };
  const text = (cell: Cell | undefined): string => {
    if (cell === undefined) return ' '.repeat(cellWidth);
    const number = inGiB(cell.peakLiveBytes).padStart(cellWidth - 1);
    return paint[cell.verdict](`${number}${marks[cell.verdict]}`);
  };
  return [
    style.bold('Peak of live arrays in GiB by width (down) and layers (right), at its least'),
    `${'width'.padStart(margin)}${shownDepths.map((depth) => `${String(depth).padStart(cellWidth - 1)} `).join('')}`.trimEnd(),
    ...shownWidths.map((width) =>
      `${String(width).padStart(margin)}${shownDepths.map((depth) => text(cellAt.get(`${width}/${depth}`))).join('')}`.trimEnd(),
    ),
    style.dim(`${marks.tight} may fit   ${marks.exceeds} does not fit`),
  ];
}

const inGiB = (bytes: number): string => (bytes / GiB).toFixed(bytes < 100 * GiB ? 2 : 1);

const distinct = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** At most `count` of them, evenly spread, first and last among them. */
function thinned(values: readonly number[], count: number): readonly number[] {
  if (values.length <= count) return values;
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
