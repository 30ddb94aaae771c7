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

/** An array of the step. `overwrites`: arrays that its first kernel reads element by element, in whose memory it may lie. */
export interface StepArray extends Lifetime {
  readonly id: number;
  readonly overwrites: readonly number[];
}

/** Indices of the temporaries that lie in results, none of which needs memory of its own. */
export function placedInResults(temporaries: readonly StepArray[], results: readonly StepArray[]): ReadonlySet<number> {
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

/** Both are needed at once. An array may begin in the kernel that is the last to read another, element by element (LiveRangeInterferes). */
const overlap = (a: StepArray, b: StepArray): boolean =>
  a.first <= b.last && b.first <= a.last && !follows(a, b) && !follows(b, a);

const follows = (next: StepArray, { id, last }: StepArray): boolean =>
  next.first === last && next.overwrites.includes(id);
