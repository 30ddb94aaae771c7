/**
 * The first screen of an answer: at most 18 lines, each with a label in front. A command or a line of code stays one line whatever its
 * length; every other line fits the width. What has no room is behind `--details`.
 */
import type { Layout } from '../formats.js';
import { type Block, styleOf, wrapped } from './blocks.js';

export const screenLines = 18;

const margin = 9;
const indent = ' '.repeat(margin);

export interface Part {
  /** With a function: what fits into the lines that the others leave, those that may be given up not counted. */
  readonly lines: Block | ((room: number) => Block);
  /** Given up first where it is highest and the screen is full; absent: never. */
  readonly dispensable?: number;
}

/** `label    text`, broken at words. */
export function labelled(label: string, text: string, layout: Layout): Block {
  return labelledLines(label, wrapped([[text]], [layout.columns - margin - 1]), layout);
}

/** The same of lines that stand as they are. */
export function labelledLines(label: string, lines: Block, layout: Layout): Block {
  const { bold } = styleOf(layout);
  return lines.map((line, index) => `${index === 0 ? bold(label.padEnd(margin)) : indent}${line}`.trimEnd());
}

export const indented = (lines: Block): Block => lines.map((line) => `${indent}${line}`);

/** Width that is left behind the label. */
export const besideLabel = (layout: Layout): Layout => ({ ...layout, columns: layout.columns - margin });

export function screen(parts: readonly Part[]): string {
  const fixed = parts.reduce(
    (sum, { lines, dispensable }) =>
      sum + (typeof lines === 'function' || dispensable !== undefined ? 0 : lines.length),
    0,
  );
  const filled = parts.map((part) => ({
    ...part,
    lines: typeof part.lines === 'function' ? part.lines(Math.max(1, screenLines - fixed)) : part.lines,
  }));
  let excess = filled.reduce((sum, { lines }) => sum + lines.length, 0) - screenLines;
  const kept = new Set(filled);
  for (const part of filled.toSorted((a, b) => (b.dispensable ?? 0) - (a.dispensable ?? 0))) {
    if (excess <= 0 || part.dispensable === undefined) break;
    kept.delete(part);
    excess -= part.lines.length;
  }
  return filled
    .filter((part) => kept.has(part))
    .flatMap(({ lines }) => lines)
    .join('\n');
}

interface CodeLine {
  readonly where: string;
  readonly text: string;
}

/** Code to paste, each piece with its place as a comment: whole pieces, as many as there is room for, the shortest first. */
export const paste = (code: readonly CodeLine[], layout: Layout): readonly Part[] =>
  code.length === 0
    ? []
    : [{ lines: (room) => labelledLines('paste', fittingCode(code, room, details(layout)), layout) }];

/** Where all of the code is. */
const details = ({ command = 'gc-plan advise' }: Layout): string =>
  `${command.replace(/^gc-plan \S+/, 'gc-plan advise')} --details`;

function fittingCode(code: readonly CodeLine[], room: number, detailed: string): Block {
  const pieces = code
    .map(({ where, text }) => (text.includes('\n') ? [`# ${where}`, ...text.split('\n')] : [`${text}  # ${where}`]))
    .toSorted((a, b) => a.length - b.length);
  const taken: string[][] = [];
  let left = room;
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    // Where more follow, one line says so.
    if (piece.length > left - (isLast ? 0 : 1)) break;
    taken.push(piece);
    left -= piece.length;
  }
  const missing = pieces.length - taken.length;
  const places = pieces.length === 1 ? '1 place' : `${pieces.length} places`;
  const notice = `# ${taken.length === 0 ? '' : `NOT ALL, ${taken.length} of `}${places}: ${detailed}`;
  return missing === 0 ? taken.flat() : [notice, ...taken.flat()];
}
