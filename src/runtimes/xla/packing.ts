/**
 * The arena of a step whose arrays or order are known in part (all of it: `arena.ts`, whose smaller of two arenas is then too small).
 * How XLA lays arrays of different lifetimes into one arena: the largest first, each into the smallest gap that holds it among the arrays that
 * live at the same time (openxla/xla, heap_simulator.cc, GlobalDecreasingSizeBestFitHeap). Where the large arrays have few and equal sizes
 * nothing is lost; attention's logits next to a graph's edges leave gaps of up to a twentieth.
 */
import type { Lifetime } from './outputs.js';

/** XLA:GPU aligns every array (xla/service/gpu/gpu_constants.h, kXlaAllocatedBufferAlignBytes). */
const alignment = 128;

/** The largest arrays: smaller ones fill what gaps there are, and a step of a thousand layers has a hundred thousand of them. */
export const mostPacked = 3_000;

/** By how much the arena is larger than its arrays at their worst moment. */
export function gapBytes(lifetimes: readonly Lifetime[]): number {
  const areFew = lifetimes.length <= mostPacked;
  const large = areFew ? lifetimes : [...lifetimes].sort((a, b) => b.bytes - a.bytes).slice(0, mostPacked);
  return arenaBytes(large) - mostAlive(large);
}

function arenaBytes(lifetimes: readonly Lifetime[]): number {
  const order = [...lifetimes].sort((a, b) => b.bytes - a.bytes || length(b) - length(a) || a.first - b.first);
  const placed = new Placed(order.length);
  let top = 0;
  for (const lifetime of order) {
    const start = placed.bestFit(lifetime);
    const end = start + Math.ceil(lifetime.bytes / alignment) * alignment;
    placed.insert(lifetime, start, end);
    top = Math.max(top, end);
  }
  return top;
}

const length = ({ first, last }: Lifetime): number => last - first;

/** Arrays in the order of their starts. In columns: every new one is compared with all of them, and there are thousands. */
export class Placed {
  private num = 0;
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  private readonly firsts: Float64Array;
  private readonly lasts: Float64Array;

  constructor(most: number) {
    this.starts = new Float64Array(most);
    this.ends = new Float64Array(most);
    this.firsts = new Float64Array(most);
    this.lasts = new Float64Array(most);
  }

  /** The start of the smallest gap that is large enough among the arrays of the same time; behind all of those there is always room. */
  bestFit({ bytes, first, last }: Lifetime): number {
    const { num, starts, ends, firsts, lasts } = this;
    let best = -1;
    let bestRoom = Number.POSITIVE_INFINITY;
    let free = 0;
    for (let i = 0; i < num; i++) {
      if (firsts[i]! > last || first > lasts[i]!) continue;
      const room = starts[i]! - free;
      // No gap can be smaller: all of them are aligned, and many arrays have equal sizes.
      if (room >= bytes && room < bytes + alignment) return free;
      if (room > bytes && room < bestRoom) {
        best = free;
        bestRoom = room;
      }
      if (ends[i]! > free) free = ends[i]!;
    }
    return best < 0 ? free : best;
  }

  insert({ first, last }: Lifetime, start: number, end: number): void {
    let at = this.num;
    while (at > 0 && this.starts[at - 1]! > start) at--;
    this.insertIn(this.starts, at, start);
    this.insertIn(this.ends, at, end);
    this.insertIn(this.firsts, at, first);
    this.insertIn(this.lasts, at, last);
    this.num++;
  }

  private insertIn(column: Float64Array, at: number, value: number): void {
    column.copyWithin(at + 1, at, this.num);
    column[at] = value;
  }
}

export function mostAlive(lifetimes: readonly Lifetime[]): number {
  let end = 0;
  for (const { last } of lifetimes) end = Math.max(end, last + 1);
  const changes = new Float64Array(end + 1);
  for (const { first, last, bytes } of lifetimes) {
    changes[first]! += bytes;
    changes[last + 1]! -= bytes;
  }
  let live = 0;
  let most = 0;
  for (const change of changes) {
    live += change;
    most = Math.max(most, live);
  }
  return most;
}
