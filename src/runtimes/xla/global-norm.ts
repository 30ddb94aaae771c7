/**
 * The global norm by which gradients are clipped (optax, `clip_by_global_norm`), where they meet in several all-reduces: which of these ends last is
 * decided by the kernels that read them (`latency-hiding.ts`). Each gradient is cut out of what was joined, its squares are summed, and kernels
 * of many operands add these sums up, from the last parameter to the first.
 */
import { constant, type Shape } from '../../ir/shape.js';
import { blocksAtFullSpeed, bytesOfComputing, mostSummedAtOnce, partsOf } from './column-sums.js';
import type { BufferId } from './kernel.js';
import { operationCycles } from './kernel-times.js';
import type { Schedule } from './schedule.js';

const f32 = 4;
/** A kernel has 96 arrays (gpu_fusible.h, `MaxOperandsAndOutputsPerFusion`), two of them results: one adds 93 sums to those before. */
const mostOperands = 94;
/** 1 / √ and a comparison (`operationCycles`). */
const operationsOfRoot = 75 + operationCycles;

/** Sums by the kernel that adds them up, the last one first: each but the first one that runs takes in the result of that before. */
function byKernel<T>(inOrder: readonly T[]): readonly (readonly T[])[] {
  const kernels: T[][] = [];
  let left = [...inOrder];
  while (left.length > mostOperands) {
    kernels.push(left.slice(0, mostOperands - 1));
    left = left.slice(mostOperands - 1);
  }
  return [...kernels, left];
}

/**
 * What each kernel but the first one that runs reads last: XLA comes to it when it has been to all others (hlo_computation.cc,
 * `ComputeInstructionPostOrder`).
 */
export const lastOfKernels = <T>(inOrder: readonly T[]): readonly T[] =>
  byKernel(inOrder)
    .slice(0, -1)
    .map((kernel) => kernel.at(-1)!);

interface Joined {
  /** The array that it is a part of. */
  readonly gradient: BufferId;
  readonly shape: Shape;
  readonly numbers: number;
}

/** `gradients`: from the last parameter to the first. → each in an array of its own, and the norm */
export function globalNorm(
  gradients: readonly Joined[],
  schedule: Schedule,
): { readonly cut: readonly BufferId[]; readonly norm: BufferId } {
  const parts = gradients.map(({ gradient, shape, numbers }) => {
    const slice = schedule.buffer(shape, f32, 'gradient');
    schedule.run('cut a gradient out', [gradient], [slice], 'convert', numbers * f32);
    return { slice, sum: sumOfSquares(slice, numbers, schedule) };
  });
  let before: BufferId[] = [];
  const kernels = byKernel(parts.map(({ sum }) => sum));
  for (const sums of kernels.toReversed()) {
    const total = schedule.buffer([constant(1)], f32);
    const operands = [...sums, ...before];
    const root = sums === kernels[0] ? operationsOfRoot : 0;
    schedule.compute('global norm', operands, [total], operationCycles * (operands.length - 1) + root);
    before = [total];
  }
  return { cut: parts.map(({ slice }) => slice), norm: before[0]! };
}

/** One kernel for a row of few numbers, or one that leaves parts (tree_reduction_rewriter.cc) and one that adds these up. */
function sumOfSquares(slice: BufferId, numbers: number, schedule: Schedule): BufferId {
  const sum = schedule.buffer([constant(1)], f32);
  const inOneBlock = (read: BufferId, count: number, operations: number) =>
    schedule.run(nameOfSquares, [read], [sum], undefined, bytesOfOneBlock(count, operations));
  if (numbers <= mostSummedAtOnce) inOneBlock(slice, numbers, operationsOfSquare);
  else {
    const { count } = partsOf(numbers);
    const parts = schedule.buffer([constant(count)], f32);
    schedule.run(nameOfSquares, [slice], [parts]);
    inOneBlock(parts, count, operationCycles);
  }
  return sum;
}

const nameOfSquares = 'squares of a gradient';
/** Of a number: squared and added (XLA's log: 38 ns for 512 numbers). */
const operationsOfSquare = 3 * operationCycles;
const numbersPerThread = 16;
const threadsPerWarp = 32;

/** What the card's memory moves while one block, of whole warps, sums a row. */
function bytesOfOneBlock(numbers: number, operations: number): number {
  const threads = threadsPerWarp * Math.ceil(numbers / numbersPerThread / threadsPerWarp);
  return blocksAtFullSpeed * (f32 * numbers + bytesOfComputing(operations * numbers, f32 * numbers, threads));
}
