/**
 * How XLA sums the rows of an array, column by column. Up to 4,096 rows at once; more in two kernels, of which the first leaves as many parts
 * as pad the rows least, between half the square root and the root of their number, of equals a power of two (tree_reduction_rewriter.cc,
 * `ComputeSplitParams`). A block of 32 × 32 threads reads 32 columns, or twice or four times as many where every thread still has some
 * (reduction_base.cc, `GetVectorSizeForMlir`), and a core reads 32 bytes per clock (gpu_performance_model_base.cc, `AdjustBandwidth`): few
 * blocks are slow.
 */
const rowsSummedAtOnce = 4096;
/** Of a row: 1,024 threads with 16 numbers each. */
export const mostSummedAtOnce = 16_384;
/** Of rows as short as the parts that are left of a longer one, a block of 256 threads sums so many, a warp each. */
export const rowsOfBlock = 8;
const threadsPerRow = 32;
/** Of a row that one block reads, 8 bytes a thread. */
export const blockBytes = 256;
/** An H100's memory moves 3.352 TB/s; 32 bytes at 1.98 GHz are 63.4 GB/s. */
export const blocksAtFullSpeed = 52.9;

export const isSummedAtOnce = (rows: number): boolean => rows <= rowsSummedAtOnce;

interface Parts {
  readonly count: number;
  readonly rowsOfEach: number;
  /** No row is padded. */
  readonly isExact: boolean;
}

export function partsOf(rows: number): Parts {
  const root = Math.floor(Math.sqrt(rows));
  let best = { count: root, padding: Number.POSITIVE_INFINITY };
  for (let count = root; 2 * count > root; count--) {
    const padding = count * Math.ceil(rows / count) - rows;
    if (padding < best.padding || (padding === best.padding && Number.isInteger(Math.log2(count))))
      best = { count, padding };
  }
  return { count: best.count, rowsOfEach: Math.ceil(rows / best.count), isExact: best.padding === 0 };
}

const columnsPerThread = (columns: number, elementBytes: number): number => {
  if (columns < 2 * threadsPerRow) return 1;
  return elementBytes === 4 || columns < 4 * threadsPerRow ? 2 : 4;
};

const blocksOf = (columns: number, elementBytes: number): number =>
  Math.ceil(columns / (threadsPerRow * columnsPerThread(columns, elementBytes)));

/** Of the kernel that leaves parts. */
export const blocksOfParts = (rows: number, columns: number, elementBytes: number): number =>
  partsOf(rows).count * blocksOf(columns, elementBytes);

/** A core reads so many bytes per ns… */
const bytesOfCore = 63.4;
const threadsOfCore = 128;
/** …while each of its threads does 3.96 operations, whole ones of all (gpu_performance_model_base.cc, `CalculateEffectiveFlopsPerNs`). */
const bytesPerOperation = (threads = threadsOfCore): number =>
  bytesOfCore / Math.round(3.96 * Math.min(threads, threadsOfCore));
const shownShare = 0.05;
/** …of which a twentieth is not hidden (`kMemoryComputeParallelism`). */
export const bytesOfColumnOperation = shownShare * bytesPerOperation();
/** What computing costs beside reading `moved` bytes: the shorter one is hidden (`CombineComputeAndMemoryAccessTime`). */
export const bytesOfComputing = (operations: number, moved: number, threads?: number): number => {
  const computing = operations * bytesPerOperation(threads);
  return Math.max(computing, moved) - moved + shownShare * Math.min(computing, moved);
};
/** An addition (`operationCycles` in kernel-times.ts). */
const operationsOfSum = 3;
/** How much longer a plain sum takes for what it computes. */
export const computingOfSum = (elementBytes: number): number =>
  1 + (operationsOfSum * bytesOfColumnOperation) / elementBytes;

/** How much longer a sum of columns takes to read than the card's memory. */
export const slownessOfColumns = (columns: number, elementBytes: number): number =>
  Math.max(1, blocksAtFullSpeed / blocksOf(columns, elementBytes));
