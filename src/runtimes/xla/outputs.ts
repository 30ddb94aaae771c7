/**
 * Memory of the results before they are written. XLA's buffer assignment goes through the arrays from the largest to the smallest and
 * lets an array lie in the smallest result that is large enough and not in use while the array lives; what finds no such place goes to
 * the arena (openxla/xla, buffer_assignment.cc, AssignSingleHloBuffer; results that live out are allocations of their own).
 */

/** From the first kernel that writes an array to the last that reads it. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Indices of the temporaries that lie in results, none of which needs memory of its own. */
export function placedInResults(temporaries: readonly Lifetime[], results: readonly Lifetime[]): ReadonlySet<number> {
  const places = results.map((result) => ({ bytes: result.bytes, taken: [result] })).sort((a, b) => a.bytes - b.bytes);
  const largest = places.at(-1)?.bytes ?? 0;
  const order = [...temporaries.entries()]
    .filter(([, { bytes }]) => bytes <= largest)
    .sort(([, a], [, b]) => b.bytes - a.bytes);
  const placed = new Set<number>();
  for (const [index, temporary] of order) {
    const place = places.find(
      ({ bytes, taken }) => bytes >= temporary.bytes && !taken.some((other) => overlap(other, temporary)),
    );
    if (place === undefined) continue;
    place.taken.push(temporary);
    placed.add(index);
  }
  return placed;
}

const overlap = (a: Lifetime, b: Lifetime): boolean => a.first <= b.last && b.first <= a.last;
