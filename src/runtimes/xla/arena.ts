/**
 * How XLA lays the arrays of a step into one arena, where all arrays and their order are known. Given XLA's own lifetimes and sizes, the arenas
 * of 22 compiled forecasts come out to the byte (some of them in tests/runtimes/xla/arena.test.ts).
 */
import type { Lifetime } from './outputs.js';
import { mostAlive, mostPacked, Placed } from './packing.js';

/** XLA:GPU aligns every array of the arena (buffer_assignment.cc, `color_alignment`; offsets of compiled steps). */
const alignment = 256;

export interface ArenaArray extends Lifetime {
  readonly id: number;
}

interface Kernel {
  readonly kind?: string;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

export interface Arena {
  /** By how much it is larger than its arrays at their worst moment. */
  readonly gapBytes: number;
  /** Per array that begins in the memory of another: that one. */
  readonly takenOver: ReadonlyMap<number, number>;
}

/** `most`: of how many arrays, the largest. */
export function arenaOf(arrays: readonly ArenaArray[], kernels: readonly Kernel[], most = mostPacked): Arena {
  const takenOver = inPlaceOf(arrays, kernels);
  const { arenaBytes, mostAliveBytes } = packed(arrays, takenOver, most);
  return { gapBytes: arenaBytes - mostAliveBytes, takenOver };
}

interface Packed {
  readonly arenaBytes: number;
  readonly mostAliveBytes: number;
}

/**
 * The smaller of two arenas (ChooseBestHeapAlgorithm); the second is not tried where it saves nothing to speak of. `arrays`: of equals in the order in
 * which the step's code makes them.
 */
export function packed(
  arrays: readonly ArenaArray[],
  takenOver: ReadonlyMap<number, number>,
  most = mostPacked,
): Packed {
  const slots = slotsOf(arrays, takenOver)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, most);
  const mostAliveBytes = mostAlive(slots);
  const first = arenaIn(slots.sort(largestFirst));
  const isTight = first - mostAliveBytes < alignment;
  return { arenaBytes: isTight ? first : Math.min(first, arenaIn(slots.sort(longestFirst))), mostAliveBytes };
}

/**
 * A kernel that reads an array of its result's size for the last time, element by element, writes over it (heap_simulator.cc, RunComputation:
 * the first such operand). Not over what a product or another kernel of several results wrote, which it reads through an instruction of its
 * own, nor over what was written twice, as a sum into its zeros (`IsUserOf` and aliased buffers there).
 */
function inPlaceOf(arrays: readonly ArenaArray[], kernels: readonly Kernel[]): ReadonlyMap<number, number> {
  const numWrites: number[] = [];
  for (const { writes } of kernels) for (const id of writes) numWrites[id] = (numWrites[id] ?? 0) + writes.length;
  const byId: ArenaArray[] = [];
  for (const array of arrays) byId[array.id] = array;
  const takenOver = new Map<number, number>();
  for (const { id, first, bytes } of arrays) {
    const { kind, reads } = kernels[first]!;
    if (kind !== 'elementwise' || numWrites[id] !== 1) continue;
    const over = reads.find((read) => {
      const array = byId[read];
      return array?.bytes === bytes && array.last === first && numWrites[read] === 1;
    });
    if (over !== undefined) takenOver.set(id, over);
  }
  return takenOver;
}

/** Arrays in one place one after the other. */
interface Slot extends Lifetime {
  last: number;
  /** Of the first of them. */
  readonly duration: number;
  readonly rank: number;
}

/** In which arrays are laid out (GlobalDecreasingSizeBestFitHeap, `kSpatial` and `kTemporal`). */
type Order = (a: Slot, b: Slot) => number;

const largestFirst: Order = (a, b) => b.bytes - a.bytes || b.duration - a.duration || a.rank - b.rank;
const longestFirst: Order = (a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes || a.rank - b.rank;

/** Time passes with every array that is made or freed; a kernel makes its results before it frees what it read. */
function slotsOf(arrays: readonly ArenaArray[], takenOver: ReadonlyMap<number, number>): Slot[] {
  const byStart = [...arrays.keys()].sort(
    (a, b) => arrays[a]!.first - arrays[b]!.first || arrays[a]!.last - arrays[b]!.last || a - b,
  );
  const byEnd = [...byStart].sort((a, b) => arrays[a]!.last - arrays[b]!.last);
  const starts = new Float64Array(arrays.length);
  const ends = new Float64Array(arrays.length);
  let numFreed = 0;
  let time = 0;
  for (const index of byStart) {
    while (arrays[byEnd[numFreed]!]!.last < arrays[index]!.first) ends[byEnd[numFreed++]!] = time++;
    starts[index] = time++;
  }
  for (const index of byEnd.slice(numFreed)) ends[index] = time++;

  const slotOf = new Map<number, Slot>();
  const slots: Slot[] = [];
  for (const index of byStart) {
    const { id, bytes } = arrays[index]!;
    const [first, last] = [starts[index]!, ends[index]!];
    let slot = slotOf.get(takenOver.get(id) ?? -1);
    if (slot === undefined) {
      slot = { bytes, first, last, duration: last - first, rank: index };
      slots.push(slot);
    } else slot.last = last;
    slotOf.set(id, slot);
  }
  return slots;
}

/** Each into the smallest gap that holds it among those of the same time. */
function arenaIn(slots: readonly Slot[]): number {
  const placed = new Placed(slots.length);
  let top = 0;
  for (const slot of slots) {
    const start = placed.bestFit(slot);
    placed.insert(slot, start, Math.ceil((start + slot.bytes) / alignment) * alignment);
    top = Math.max(top, start + slot.bytes);
  }
  return top;
}
