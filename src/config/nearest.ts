import { printable } from './printable.js';

/** Edits (insert, delete, replace) that turn one name into the other. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, replaced));
    }
    previous = current;
  }
  return previous[to.length]!;
}

/** Longer input than any name of ours: compared only by its beginning, so that a hostile megabyte costs nothing. */
const longestCompared = 64;

/** The known names that look most like what was typed: those that contain it first, then by edit distance, up to `mostEdits`. */
export function nearest(
  typed: string,
  known: readonly string[],
  count = 3,
  mostEdits = Number.POSITIVE_INFINITY,
): readonly string[] {
  const wanted = typed.toLowerCase().slice(0, longestCompared);
  return known
    .map((name) => ({
      name,
      contains: wanted !== '' && name.toLowerCase().startsWith(wanted),
      edits: editDistance(wanted, name.toLowerCase()),
    }))
    .filter(({ contains, edits }) => contains || edits <= mostEdits)
    .sort((a, b) => Number(b.contains) - Number(a.contains) || a.edits - b.edits || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** `graphcast, tiny or graphcast-small` */
export const orList = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

/** What a user typed, or a file says, short enough for a message and on one line. */
export const shown = (text: string): string => printable(text.length > 80 ? `${text.slice(0, 77)}...` : text, '');
