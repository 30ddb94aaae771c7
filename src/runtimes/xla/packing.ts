/**
 * How XLA lays arrays of different lifetimes into one arena: the largest first, each into the smallest gap that holds it among the arrays that
 * live at the same time (openxla/xla, heap_simulator.cc, GlobalDecreasingSizeBestFitHeap). Where the large arrays have few and equal sizes
 * nothing is lost; attention's logits next to a graph's edges leave gaps of up to a twentieth.
 */
import type { Lifetime } from './outputs.js';

/** XLA:GPU aligns every array (xla/service/gpu/gpu_constants.h, kXlaAllocatedBufferAlignBytes). */
const alignment = 128;

interface Placed {
  readonly lifetime: Lifetime;
  readonly start: number;
  readonly end: number;
}

/** The largest arrays: smaller ones fill what gaps there are, and a step of a thousand layers has a hundred thousand of them. */
const mostPacked = 3_000;

/** By how much the arena is larger than its arrays at their worst moment. */
export function gapBytes(lifetimes: readonly Lifetime[]): number {
  const large = [...lifetimes].sort((a, b) => b.bytes - a.bytes).slice(0, mostPacked);
  return arenaBytes(large) - mostAlive(large);
}

function arenaBytes(lifetimes: readonly Lifetime[]): number {
  const order = [...lifetimes].sort((a, b) => b.bytes - a.bytes || length(b) - length(a) || a.first - b.first);
  const placed: Placed[] = [];
  let top = 0;
  for (const lifetime of order) {
    const neighbours = placed
      .filter((other) => other.lifetime.first <= lifetime.last && lifetime.first <= other.lifetime.last)
      .sort((a, b) => a.start - b.start);
    const start = bestFit(neighbours, lifetime.bytes);
    const end = start + Math.ceil(lifetime.bytes / alignment) * alignment;
    placed.push({ lifetime, start, end });
    top = Math.max(top, end);
  }
  return top;
}

const length = ({ first, last }: Lifetime): number => last - first;

/** The start of the smallest gap that is large enough; behind all others there is always room. */
function bestFit(neighbours: readonly Placed[], bytes: number): number {
  let best: { readonly start: number; readonly room: number } | undefined;
  let free = 0;
  for (const { start, end } of neighbours) {
    const room = start - free;
    if (room >= bytes && (best === undefined || room < best.room)) best = { start: free, room };
    free = Math.max(free, end);
  }
  return best?.start ?? free;
}

function mostAlive(lifetimes: readonly Lifetime[]): number {
  const moments = lifetimes.flatMap(({ first, last, bytes }) => [
    { at: first, bytes },
    { at: last + 0.5, bytes: -bytes },
  ]);
  moments.sort((a, b) => a.at - b.at);
  let live = 0;
  let most = 0;
  for (const { bytes } of moments) {
    live += bytes;
    most = Math.max(most, live);
  }
  return most;
}
