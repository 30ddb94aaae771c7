/**
 * Runs of events that free all they allocate, and nothing else: norms that are summed before gradients are clipped, the temporaries of
 * a fused update. Where such a run's requests all come from the cache it leaves every block as it found it, since free blocks are what
 * lies between used ones and neighbours are merged.
 */

/** First event of each run and the one after its last, in turn. */
export type ReturningRuns = Int32Array;

/** What a shorter run saves is not worth a look at it. */
const minEvents = 8;
/** Longer ones, a whole step among them, need more memory than a cache has in one piece. */
const maxEvents = 2_048;

const none = new Int32Array();
const known = new WeakMap<Int32Array, ReturningRuns>();

/** The longest ones up to a limit; none within another. Looked for when the events are replayed again: once, it costs as much as it saves. */
export function returningRuns(events: Int32Array): ReturningRuns {
  let runs = known.get(events);
  if (runs === undefined) runs = none;
  else if (runs === none) runs = findRuns(events);
  known.set(events, runs);
  return runs;
}

function findRuns(events: Int32Array): ReturningRuns {
  const found: number[] = [];
  /** Where a run may begin that has not ended, and what was alive before it: allocations, latest last. */
  const begins: { readonly event: number; readonly buffer: number; readonly numAlive: number }[] = [];
  let numAlive = 0;
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    if (event > 0) {
      begins.push({ event: i, buffer: event, numAlive: numAlive++ });
      continue;
    }
    numAlive--;
    // Buffers are numbered as they are allocated: a run that began later would free what it has not allocated.
    while (begins.length > 0 && begins.at(-1)!.buffer > -event) begins.pop();
    const begin = begins.at(-1);
    if (begin?.numAlive !== numAlive || i + 1 - begin.event > maxEvents) continue;
    while (found.length > 0 && found.at(-2)! >= begin.event) found.length -= 2;
    found.push(begin.event, i + 1);
  }
  return Int32Array.from(longerOnes(found));
}

function* longerOnes(runs: readonly number[]): Generator<number> {
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i + 1]! - runs[i]! >= minEvents) yield* [runs[i]!, runs[i + 1]!];
  }
}
