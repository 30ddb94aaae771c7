/**
 * What XLA fuses where the gradient that enters a norm in bf16 is only gathered from nodes: the gather, or the norm that Triton computes, which
 * gathers nothing. Producers wait in a queue, and the one whose fusion saves the most time is next (openxla/xla, priority_fusion.cc). Compared are
 * bytes that the card's memory moves in that time; every fusion saves a launch besides. What it saves agrees with XLA's own dump of its queue to
 * 2 % (ten compiled steps), and what is written with 109 of 120 compiled norms (tests/data/xla-gathered-norms.jsonl). Of the eleven six save
 * within 5 % of as much the other way, and eight have one sample.
 */
import { bytesOfRead, transactionBytes } from './kernel-times.js';

export interface GatheredRows {
  /** Rows, of all samples. */
  readonly count: number;
  readonly bytes: number;
  /** Of the array that is gathered from. */
  readonly sourceBytes: number;
  /** The encoder's is cast to f32 before it is gathered (graphcast 08cf736, graphcast.py: `f32_aggregation=True`). */
  readonly isCast: boolean;
  /** Of the kernel that sums columns. */
  readonly numBlocks: number;
  /** …and whether it pads the rows. */
  readonly isPadded: boolean;
  /** What it takes to read a row's deviation, and a column's scale, for each of its numbers. */
  readonly factorBytes: { readonly deviation: number; readonly scale: number };
}

/**
 * `computed`: by the kernels that read it, those of the row's sums and of the gradient. Else it is written for Triton's kernel. `forAll`: for all that
 * read it, and Triton sums the rows too. `withColumnSums`, `withRowSum`: by a kernel that makes these as well; which of the two, hangs on the
 * order in which they came to read the nodes (multi_output_fusion.cc).
 */
export type Gathering = 'computed' | 'forAll' | 'withColumnSums' | 'withRowSum';

const bf16 = 2;
const f32 = 4;
/** Its product with the rows, its sum, and its product with deviation and scale. */
const numReaders = 3;

export function gatheringOf(rows: GatheredRows): Gathering {
  const { bytes, sourceBytes, isCast, numBlocks, isPadded, factorBytes, count } = rows;
  const { deviation, scale } = factorBytes;
  const read = isCast ? (f32 / bf16) * bytes : bytes;
  // Of the gradient of what nodes concatenate, half.
  const castBytes = isCast ? sourceBytes / 2 : 0;
  const gathered = bytesOfRead(read, sourceBytes);
  const uncast = isCast ? bytesOfRead(bytes, castBytes) : gathered;
  /** It reads two bytes of each number and writes four; so many that gather then read two for four. */
  const cast = (readers: number) => 3 * castBytes + readers * (gathered - uncast);
  const norm = 2 * bytes;
  // Its sum is one of columns.
  const bySum = bytesOfRead(bytes, bytes, numBlocks) - bytesOfRead(read, sourceBytes, numBlocks);
  const gather = numReaders * bytes - (numReaders - 2) * gathered + bySum;
  const product = (once: number) => 3 * bytes - once - deviation - scale;
  const isCastEarly = cast(numReaders) > norm;
  if (gather > norm && product(isCastEarly ? uncast : gathered) > norm) return 'computed';
  const isFirst = !isCast || cast(1) > Math.max(gather, norm);
  /** To Triton a row's deviation is a read of its own. */
  const productInTriton = norm - transactionBytes * count;
  if (!isFirst && gather <= norm && Math.max(gather, cast(1)) <= productInTriton) return 'forAll';
  const squares = 2 * bytes - gathered - deviation;
  return !isPadded && (isFirst || cast(numReaders) <= squares) ? 'withColumnSums' : 'withRowSum';
}
