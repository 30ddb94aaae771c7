/** A stacked timeline in block characters: one column is one or more operations, shown at the one that holds most. */
import type { ChalkInstance } from 'chalk';
import type { Block } from '../terminal/blocks.js';
import { inUnit, unitOf } from '../units.js';
import type { Explanation } from './schema.js';
import { type Layer, phaseName } from './stack.js';

const numRows = 14;
const marks = ['▒', '▞', '▓', '▚', '█', '░', '·'];
const paints = ['blue', 'cyan', 'magenta', 'green', 'yellow', 'red', 'white'] as const;

export interface TimelineStyle {
  readonly columns: number;
  readonly style: ChalkInstance;
}

const paint = (layer: number, text: string, style: ChalkInstance) => style[paints[layer % paints.length]!](text);
const markOf = (layer: number) => marks[layer % marks.length]!;

export function drawTimeline(
  explanation: Explanation,
  layers: readonly Layer[],
  { columns, style }: TimelineStyle,
): Block {
  const { operations, peak } = explanation;
  const unit = unitOf(peak.liveBytes);
  const labelWidth = inUnit(peak.liveBytes, unit).length;
  const numColumns = Math.min(columns - labelWidth - 2, operations.length);
  const shown = columnsOf(explanation, numColumns);
  const heights = shown.map((operation) => heightsOf(operation, layers, peak.liveBytes));
  const label = (row: number): string => {
    const bytes = { [numRows - 1]: peak.liveBytes, [Math.floor(numRows / 2)]: peak.liveBytes / 2, 0: 0 }[row];
    return (bytes === undefined ? '' : inUnit(bytes, unit)).padStart(labelWidth);
  };
  const rows = Array.from({ length: numRows }, (_, index) => {
    const row = numRows - 1 - index;
    const cells = heights.map((tops) => cell(tops, row, style)).join('');
    return `${label(row)} ┤${cells}`.trimEnd();
  });
  const margin = ' '.repeat(labelWidth + 2);
  const peakColumn = shown.indexOf(peak.at);
  return [
    `${unit.name.padStart(labelWidth)}`,
    ...rows,
    `${margin}${ruler(explanation, shown)}`,
    `${margin}${' '.repeat(peakColumn)}${style.bold('▲')}${peakColumn + 6 < numColumns ? style.bold(' peak') : ''}`,
  ];
}

/** For every column the operation that holds most of those that it stands for. */
function columnsOf({ operations }: Explanation, numColumns: number): readonly number[] {
  return Array.from({ length: numColumns }, (_, column) => {
    const first = Math.floor((column * operations.length) / numColumns);
    const end = Math.floor(((column + 1) * operations.length) / numColumns);
    let most = first;
    for (let index = first; index < end; index++)
      if (operations[index]!.liveBytes > operations[most]!.liveBytes) most = index;
    return most;
  });
}

/** Upper edge of every layer, in rows. */
function heightsOf(operation: number, layers: readonly Layer[], topBytes: number): readonly number[] {
  let sum = 0;
  return layers.map(({ bytes }) => {
    sum += bytes[operation]!;
    return (sum / topBytes) * numRows;
  });
}

function cell(tops: readonly number[], row: number, style: ChalkInstance): string {
  const layer = tops.findIndex((top) => top > row + 0.5);
  if (layer >= 0) return paint(layer, markOf(layer), style);
  // Less than half a row is still something.
  const last = tops.length - 1;
  return row === 0 && tops[last]! > 0 ? paint(last, '▁', style) : ' ';
}

/** `├forward──┼backward` under the columns. */
function ruler(explanation: Explanation, shown: readonly number[]): string {
  let line = '';
  for (const phase of explanation.phases) {
    const width = shown.filter((index) => index >= phase.firstOperation && index <= phase.lastOperation).length;
    if (width === 0) continue;
    const name = phaseName(phase);
    const label = width > name.length ? name : width > 1 ? name[0]! : '';
    line += `├${label}`.padEnd(width, '─');
  }
  return line;
}

export function legend(
  explanation: Explanation,
  layers: readonly Layer[],
  style: ChalkInstance,
): readonly (readonly string[])[] {
  const { peak } = explanation;
  const unit = unitOf(peak.liveBytes);
  return layers
    .map(({ name, bytes }, layer) => [
      paint(layer, markOf(layer), style),
      name,
      `${inUnit(bytes[peak.at]!, unit)} ${unit.name}`,
    ])
    .reverse();
}
