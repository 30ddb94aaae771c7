/**
 * Which order XLA's memory scheduler gives the kernels of a forecast's loop, and of a step whose gradients meet those of other cards
 * (openxla/xla, hlo_memory_scheduler.cc, `DefaultMemoryScheduler`): the one that needs less of two, of equals the first.
 *
 * `ListMemoryScheduler` takes, of the kernels whose operands are there, the one that frees most bytes beyond those that it makes, of equals the
 * one that most others read, then the one that was ready last, or whose gain changed last. `DFSMemoryScheduler` goes from the result to what
 * it needs; a loop's kernels are handed over in that order (`data-flow.ts`). Memory is what is alive at once, without gaps, and without regard to results
 * that lie still unwritten.
 */
import { depthFirst } from './depth-first-order.js';
import { listOrder } from './list-order.js';

export interface Step {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** Of what it reads: arrays of another shape than they were written in, through an instruction of its own (`bitcast`). */
  readonly relaid?: ReadonlySet<number>;
  /** An array of a kernel with several results, which others read through it: an instruction that makes nothing (`get-tuple-element`). */
  readonly element?: number;
  /** The array that it hands on in another shape. */
  readonly bitcast?: number;
}

/** Bytes per array; arrays that outlive the loop's body count as never made and never freed. */
export interface Arrays {
  readonly bytesOf: readonly number[];
  readonly isOutside: (array: number) => boolean;
}

/** Indices of the kernels of a step, which are handed over in the order of the code, in the order in which they run. */
export function orderOfStep(steps: readonly Step[], arrays: Arrays): readonly number[] {
  const versions = inVersions(steps, arrays);
  return leaner(listOrder(versions), depthFirst(versions), (order) => peakBytes(steps, order, arrays));
}

/**
 * …of the body of a loop, which are handed over depth first. Where the loop itself is called XLA counts its state twice, as what goes in and as
 * what comes out, and inside the body once, beside the body's own arrays: what needs less than a second state makes no difference.
 */
export function orderOfLoop(steps: readonly Step[], arrays: Arrays, stateBytes: number): readonly number[] {
  const needs = (order: readonly number[]) => Math.max(stateBytes, peakBytes(steps, order, arrays));
  return leaner(listOrder(inVersions(steps, arrays)), [...steps.keys()], needs);
}

/** Indices of kernels. */
export type Order = readonly number[];

const leaner = (list: Order, depthFirst: Order, needs: (order: Order) => number): Order =>
  needs(list) <= needs(depthFirst) ? list : depthFirst;

/** Steps and arrays where each writing of an array has a name of its own. */
export interface Versions extends Arrays {
  readonly steps: readonly Step[];
}

/** To XLA what overwrites an array, or adds to it, reads it and makes another one. */
function inVersions(steps: readonly Step[], arrays: Arrays): Versions {
  const bytesOf = [...arrays.bytesOf];
  const latest = Int32Array.from(bytesOf.keys());
  const isWritten = new Uint8Array(bytesOf.length);
  const nameOf = (id: number) => latest[id]!;
  const isFirst = (id: number) => latest[id] === id;
  const named = steps.map((step): Step => {
    if (step.reads.every(isFirst) && step.writes.every((id) => isWritten[id] === 0)) {
      for (const id of step.writes) isWritten[id] = 1;
      return step;
    }
    const reads = step.reads.map(nameOf);
    const relaid = step.relaid && new Set(Array.from(step.relaid, nameOf));
    for (const id of step.writes) {
      if (isWritten[id] === 1 && !arrays.isOutside(id)) {
        if (!step.reads.includes(id)) reads.push(nameOf(id));
        latest[id] = bytesOf.push(arrays.bytesOf[id]!) - 1;
      }
      isWritten[id] = 1;
    }
    return { reads, writes: step.writes.map(nameOf), ...(relaid && { relaid }) };
  });
  return { steps: named, bytesOf, isOutside: (id) => id < arrays.bytesOf.length && arrays.isOutside(id) };
}

function peakBytes(steps: readonly Step[], order: readonly number[], { bytesOf, isOutside }: Arrays): number {
  const lastAt = new Int32Array(bytesOf.length).fill(-1);
  for (let at = 0; at < order.length; at++) {
    const { reads, writes } = steps[order[at]!]!;
    for (const id of reads) lastAt[id] = at;
    for (const id of writes) lastAt[id] = at;
  }
  const isAlive = new Uint8Array(bytesOf.length);
  let live = 0;
  let peak = 0;
  const release = (ids: readonly number[], at: number) => {
    for (const id of ids)
      if (lastAt[id] === at && isAlive[id] === 1) {
        isAlive[id] = 0;
        live -= bytesOf[id]!;
      }
  };
  for (let at = 0; at < order.length; at++) {
    const { reads, writes } = steps[order[at]!]!;
    for (const id of writes)
      if (isAlive[id] === 0 && !isOutside(id)) {
        isAlive[id] = 1;
        live += bytesOf[id]!;
      }
    peak = Math.max(peak, live);
    release(reads, at);
    release(writes, at);
  }
  return peak;
}
