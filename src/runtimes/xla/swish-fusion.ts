/**
 * Whether XLA computes a swish's gradient in bf16 in both kernels that read it, of which one pads its rows and one sums them, instead of writing it
 * (priority_fusion.cc; its log of 23 arrays). Behind rows that are padded, it is d·s + x·d·(s·(1 − s)) with s = 1 / (1 + e^(−x)).
 */
import { blocksOfParts } from './column-sums.js';
import {
  bytesOfOperation,
  bytesOfRead,
  bytesPerNs,
  hiddenShare,
  launchBytes,
  operationsPerNs,
} from './kernel-times.js';

const bf16 = 2;

/** How often a kernel reads x and the constant 1 for each number, and its operations; d twice. */
interface Computed {
  readonly inputs: number;
  readonly ones: number;
  readonly operations: number;
}
const withOneSigmoid: Computed = { inputs: 2, ones: 3, operations: 55 };
const withTwoSigmoids: Computed = { inputs: 3, ones: 5, operations: 92 };

export const isComputedByReaders = (rows: number, columns: number): boolean => bytesSavedByReaders(rows, columns) > 0;

/** How much less time two kernels that compute it take than with a third one, which writes what both read; in bytes that the memory moves meanwhile. */
export function bytesSavedByReaders(rows: number, columns: number): number {
  const numbers = rows * columns;
  const bytes = bf16 * numbers;
  const blocks = blocksOfParts(rows, columns, bf16);
  const { inputs, ones, operations } = isSigmoidFusedFirst(numbers) ? withTwoSigmoids : withOneSigmoid;
  const read =
    bytesOfRead(2 * bytes, bytes, blocks) +
    bytesOfRead(inputs * bytes, bytes, blocks) +
    bytesOfRead(ones * bytes, bf16, blocks);
  return launchBytes + 3 * bytes - read - operations * numbers * bytesOfOperation;
}

/** XLA's times are whole quarters of a ns (`absl::Duration`). */
const ticksPerNs = 4;
/** Twenty times as fast as the memory, from the cores: one read again and again. */
const bytesOfOnesPerNs = 20 * bytesPerNs;

/**
 * Whether the sigmoid is complete, and copied into each of its readers, before these are one. All that is left to fuse then saves as much memory, so
 * that rounding decides: the largest saving goes first, the newest of equals.
 */
function isSigmoidFusedFirst(numbers: number): boolean {
  /** What computing takes beside the memory. */
  const shown = (operations: number) => {
    const ticks = Math.round((ticksPerNs * operations * numbers) / operationsPerNs);
    return ticks - Math.round(hiddenShare * ticks);
  };
  const savedBy = (producer: number, consumer: number) =>
    shown(producer) + shown(consumer) - shown(producer + consumer);
  const ofOnes = (times: number) => Math.round((ticksPerNs * times * bf16 * numbers) / bytesOfOnesPerNs);
  const [product, complement, exponential] = [3, 6, 6];
  const [increment, sigmoid] = [3, 28];
  const ofProducts = savedBy(product, product);
  if (savedBy(complement, product) >= ofProducts) return false;
  const ofIncrement = savedBy(increment, sigmoid) + 2 * ofOnes(1) - ofOnes(2);
  const ofExponential = savedBy(exponential, increment + sigmoid);
  return Math.min(ofIncrement, ofExponential) >= ofProducts;
}
