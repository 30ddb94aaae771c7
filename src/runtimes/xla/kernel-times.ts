/**
 * How long XLA thinks a kernel takes (gpu_performance_model.cc, sol_latency_estimator.cc), in bytes that the card's memory moves meanwhile, and
 * what it waits for: what the latency hiding scheduler goes by (`latency-hiding.ts`).
 */
import { axis, type Dimensions, numElements } from '../../ir/shape.js';
import { blocksAtFullSpeed, computingOfSum, slownessOfColumns } from './column-sums.js';
import type { Buffer, BufferId, Kernel } from './kernel.js';
import type { Timed } from './latency-hiding.js';
import { l1Bytes } from './norm-or-gather.js';
import { productSeconds } from './product-time.js';

export interface Arrays {
  readonly buffers: readonly Buffer[];
  readonly bytesOf: readonly number[];
  readonly sizes: Dimensions;
}

/** An H100's memory moves so many bytes per ns (its target configuration)… */
export const bytesPerNs = 3352.32;
/** …and does so many operations, whole ones, each on 132 cores of 128 units (gpu_performance_model_base.cc, `CalculateEffectiveFlopsPerNs`). */
export const operationsPerNs = 66_908;
const numCores = 132;
/** Each with 128 threads. */
export const allThreads = numCores * 128;
/** So many the memory hands over at a time (`dram_to_l2_transaction_size_bytes`). */
export const transactionBytes = 64;
/** XLA counts 1 µs per kernel (gpu_performance_model_base.h, kKernelLaunchOverhead), in which the memory moves this much. */
export const launchBytes = 1000 * bytesPerNs;
/** What the card's memory moves in so many seconds. */
export const bytesIn = (seconds: number): number => 1e6 * launchBytes * seconds;
/** The scheduler's unit is as long (`kLowLatency`); a kernel that it has no model of costs a hundredth (sol_latency_estimator.cc). */
const latencyBytes = launchBytes;
const unknownCost = 0.01;
/** What a few threads compute takes, in µs: whole operations per ns, of which each does 3.96 (`CalculateEffectiveFlopsPerNs`). */
const microseconds = ({ operations, threads }: NonNullable<Kernel['computes']>): number =>
  operations / (1000 * Math.floor(3.96 * threads));
/** Of computing and moving, the shorter one is hidden so far (gpu_performance_model_base.h, `kMemoryComputeParallelism`). */
export const hiddenShare = 0.95;
/** What an operation takes beside the memory, in bytes. */
export const bytesOfOperation = ((1 - hiddenShare) * bytesPerNs) / operationsPerNs;
/** …where each block adds up a row, and cores without one wait. */
export const bytesOfRowSums = (numbers: number, numRows: number): number =>
  operationCycles * numbers * bytesOfOperation * Math.max(1, numCores / numRows);
/**
 * An operation whose cycles XLA has not measured (gpu_hlo_cost_analysis.cc, `kDefaultFlopsPerElement`). The scheduler does not tell the analysis
 * which card it is (sol_latency_estimator.cc, `Create`), so that it takes those of an A6000 (hlo_op_profiles.cc, `sm_86`): in f32 86 for an
 * exponential, 75 for a reciprocal root, and for all else this.
 */
export const operationCycles = 3;
const cacheBytes = 52_428_800;
const cacheSpeedup = 2.5;
const coresSpeedup = 8;
/**
 * What it takes to read so many bytes of an array: what is read again comes from the second cache, or from the cores' own, if it fits there
 * (gpu_performance_model_base.cc, `ReadTimeWithDRAMHeuristic`; gpu_performance_model_base.h, `kL2CacheSpeedup`, `kL1CacheSpeedup`), as fast as
 * the kernel's blocks go. Of some of its columns, or rows that it gathers, no more than all of it is read for the first time.
 */
export function bytesOfRead(bytes: number, arrayBytes: number, numBlocks = Number.POSITIVE_INFINITY): number {
  const first = Math.min(arrayBytes, bytes);
  const speedup = first >= cacheBytes ? 1 : first >= l1Bytes ? cacheSpeedup : cacheSpeedup * coresSpeedup;
  const most = numBlocks / blocksAtFullSpeed;
  return first / Math.min(1, most) + (bytes - first) / Math.min(speedup, most);
}
/** Of 128 threads, each with a number (launch_dimensions.cc, `CalculateLaunchDimensions`). */
const blocksOf = (numbers: number): number => Math.ceil(numbers / 128);

export const isProduct = (kind: Kernel['kind']): boolean => kind === 'product' || kind === 'weightProduct';

/**
 * The kernels, and behind them the elements of tuples: what a product or a kernel with several results writes is read through
 * an instruction of its own (`get-tuple-element`), which takes no time but is one more to wait for.
 */
export function timed(kernels: readonly Kernel[], arrays: Arrays, pads: boolean): Timed[] {
  const { buffers, bytesOf, sizes } = arrays;
  const moved = (ids: readonly BufferId[]) => ids.reduce((sum, id) => sum + bytesOf[id]!, 0);
  /** Per array: the kernel or element that wrote it, −1 for none, and the kernels that have read it since. */
  const writer = new Int32Array(buffers.length).fill(-1);
  const readers: (number[] | undefined)[] = [];
  const elements: Timed[] = [];
  const element = (before: number) =>
    kernels.length + elements.push({ after: [before], cost: 0, latency: latencyBytes, isNop: true }) - 1;
  const written = new Set<BufferId>();
  const isRows = (id: BufferId) => !written.has(id) && (!pads || buffers[id]!.shape.length === 3);
  const relaidAs = new Map<BufferId, number>();
  const relaid = (id: BufferId) => {
    const known = relaidAs.get(id) ?? element(writer[id]!);
    relaidAs.set(id, known);
    return known;
  };
  const transposes = numElements([axis('batch')], sizes) > 1;
  /**
   * A matrix is joined to others as a row of numbers. Of several samples the operand that is transposed is an instruction of its own, which
   * nothing else reads.
   */
  const operand = (kind: Kernel['kind'], id: BufferId, isFirst: boolean) => {
    if (kind === 'weightProduct' && isFirst && transposes) return element(writer[id]!);
    if (kind === 'copy' || (kind === 'join' && buffers[id]!.shape.length > 1)) return relaid(id);
    return isProduct(kind) && isRows(id) ? relaid(id) : writer[id]!;
  };
  const columnsOf = (id: BufferId) => numElements([buffers[id]!.shape.at(-1)!], sizes);
  const numbersOf = (id: BufferId) => bytesOf[id]! / buffers[id]!.elementBytes;
  /** The gradient of a concatenation is a product's result, of which each part's gradient is some columns. */
  const readBy = (id: BufferId, result: BufferId | undefined, kind: Kernel['kind']) =>
    result === undefined || isProduct(kind) || !written.has(id)
      ? bytesOf[id]!
      : bytesOf[id]! * Math.min(1, columnsOf(result) / columnsOf(id));
  const timesRead = new Int32Array(buffers.length);
  const bytesOfReads = ({ reads, writes, kind }: Kernel) => {
    for (const id of reads) timesRead[id]! += 1;
    let bytes = 0;
    for (const id of reads) {
      if (timesRead[id] === 0) continue;
      bytes += bytesOfRead(timesRead[id]! * readBy(id, writes[0], kind), bytesOf[id]!);
      timesRead[id] = 0;
    }
    return bytes;
  };
  // Arrays by number and loops: a step of thousands of kernels is ordered for every plan that a search looks at.
  const timed = kernels.map((kernel, index): Timed => {
    const { reads, writes, kind, computes, bytesRead, bytesBeside } = kernel;
    const numBytesRead = (bytesRead ?? bytesOfReads(kernel)) + (bytesBeside ?? 0);
    const before = new Set<number>();
    for (const id of reads) if (writer[id]! >= 0) before.add(operand(kind, id, id === reads[0]));
    for (const id of writes) if (writer[id]! >= 0) before.add(operand(kind, id, id === reads[0]));
    for (const id of writes) for (const reader of readers[id] ?? []) before.add(reader);
    before.delete(index);
    const after = [...before];
    for (const id of reads) {
      const known = readers[id];
      if (known === undefined) readers[id] = [index];
      else if (known.at(-1) !== index) known.push(index);
    }
    for (const id of writes) {
      const isElement = isProduct(kind) || writes.length > 1;
      writer[id] = isElement ? element(index) : index;
      if (isProduct(kind) || kind === 'copy') written.add(id);
      readers[id] = undefined;
    }
    if (kind === 'start') return { after, cost: latencyBytes, latency: latencyBytes, collective: kind };
    if (kind === 'end') return { after, cost: latencyBytes, latency: numBytesRead, collective: kind };
    if (kind === 'tuple' || kind === 'barrier') return { after, cost: 0, latency: latencyBytes };
    const cost =
      kind === 'triton' || kind === 'copy'
        ? unknownCost * latencyBytes
        : computes !== undefined
          ? microseconds(computes) * latencyBytes
          : isProduct(kind)
            ? productBytes(kind, reads, writes[0]!, arrays)
            : kind === 'columns'
              ? numBytesRead * slowness(reads[0]!, writes[0]!, arrays, bytesBeside === undefined) + moved(writes)
              : kind === 'convert'
                ? bytesOfRead(numBytesRead, numBytesRead, blocksOf(numbersOf(writes[0]!))) + moved(writes)
                : numBytesRead + moved(writes);
    return { after, cost, latency: latencyBytes };
  });
  return [...timed, ...elements];
}

function slowness(read: BufferId, sum: BufferId, { buffers, sizes }: Arrays, isPlain: boolean): number {
  const { elementBytes } = buffers[read]!;
  const columns = numElements([buffers[sum]!.shape.at(-1)!], sizes);
  return slownessOfColumns(columns, elementBytes) * (isPlain ? computingOfSum(elementBytes) : 1);
}

/** As long as a product takes, the card's memory moves so many bytes. */
function productBytes(
  kind: Kernel['kind'],
  [operand, other]: readonly BufferId[],
  result: BufferId,
  { buffers, bytesOf, sizes }: Arrays,
): number {
  const elements = (id: BufferId) => bytesOf[id]! / buffers[id]!.elementBytes;
  const last = (id: BufferId) => numElements([buffers[id]!.shape.at(-1)!], sizes);
  const columns = last(result);
  const rows = elements(result) / columns;
  const inner = kind === 'weightProduct' ? elements(other!) / last(other!) : last(operand!);
  const { elementBytes } = buffers[result]!;
  // bf16 products have their sides padded to multiples of eight (cublas_pad_for_gemms.cc).
  const padded = (side: number) => (elementBytes === 2 ? Math.ceil(side / 8) * 8 : side);
  const sides = { rows: padded(rows), inner: padded(inner), columns: padded(columns) };
  return bytesIn(productSeconds({ ...sides, elementBytes }));
}
