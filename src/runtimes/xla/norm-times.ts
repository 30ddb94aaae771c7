/**
 * How long XLA thinks the kernels of a norm's gradient take (`norm-kernels.ts`), in bytes that the card's memory moves meanwhile
 * (`kernel-times.ts`).
 */
import type { OperationOf } from '../../ir/operations.js';
import { numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { blocksOfParts, bytesOfColumnOperation, computingOfSum, partsOf, slownessOfColumns } from './column-sums.js';
import type { Forward } from './forward.js';
import type { Gradients } from './gradients.js';
import type { BufferId } from './kernel.js';
import { bytesOfOperation, bytesOfRead, hiddenShare, launchBytes, operationCycles } from './kernel-times.js';
import type { Lowering } from './lowering.js';
import { castsOf } from './row-statistics.js';
import type { Environment } from './values.js';

/** The rows of one norm's gradient. */
export interface Rows {
  readonly operation: OperationOf<'layerNorm'>;
  /** Sum to the gradient that comes in. */
  readonly terms: readonly BufferId[];
  readonly saved: readonly BufferId[];
  readonly environment: Environment;
  readonly bytes: number;
  readonly isSummedAtOnce: boolean;
}

/**
 * What a sum of products in bf16 reads beside the gradients, in arrays of its rows: the rows, and two statistics in f32, each as wide as two bf16
 * numbers, once per column, since a sum at once has too few blocks for a cache to be faster (gpu_performance_model_base.cc, `AdjustBandwidth`).
 */
export const productReads = 1 + (2 * 4) / 2;
/** Of a number whose row is normalised (`operationCycles`): x − m, twice multiplied, and added up for scale and offset. */
const operationsOfNorm = 5 * operationCycles;
/** …and for the statistics of its row, where they are computed for each of its columns: mean and variance ÷ columns, and 1 / √ in f32, of bf16. */
export const operationsOfStatistics = 7 * operationCycles + 75;
/** Of the node at an edge's end, s32. */
const indexBytes = 4;
/** In f32, of the product that is added up for the scale. */
const operationsInF32 = 4 * operationCycles + 75;

export class NormTimes {
  constructor(
    protected readonly lowering: Lowering,
    protected readonly forward: Forward,
    protected readonly gradients: Gradients,
    protected readonly linearBefore: ReadonlyMap<ValueId, OperationOf<'linear'>>,
  ) {}

  /** A launch costs more than to write the rows and read them again. */
  isSmall(id: ValueId, environment: Environment): boolean {
    return 2 * this.launchesOf(id, environment) < 1;
  }

  /** How long its array takes to read, in launches of a kernel. */
  launchesOf(id: ValueId, environment: Environment): number {
    return this.bytesOf(id, environment) / launchBytes;
  }

  /** What it costs to read what is added up so many times. */
  protected bytesOfTerms(rows: Rows, times: number, numBlocks?: number): number {
    const { schedule, sizes } = this.lowering;
    const { terms, bytes, environment } = rows;
    const ofArrays = terms.reduce(
      (sum, id) => sum + bytesOfRead(times * bytes, schedule.bytesOf(id, sizes!), numBlocks),
      0,
    );
    if (!environment.isBehind || !this.gathers(rows)) return ofArrays;
    const columns = this.columnsOf(rows.operation.input, environment);
    const ofIndices = (this.numbersOf(rows) * indexBytes) / columns;
    if (!this.hasMask(rows)) return ofArrays + bytesOfRead(times * (columns + 1) * ofIndices, ofIndices, numBlocks);
    const ofMask = ofIndices / indexBytes;
    const ofEach = bytesOfRead(times * columns * ofMask, ofMask, numBlocks);
    return ofArrays + bytesOfRead(times * ofIndices, ofIndices, numBlocks) + ofEach;
  }

  /**
   * XLA does not know that an index behind a barrier is one of a node, and compares (jax, slicing.py, `GatherScatterMode.FILL_OR_DROP`): for each
   * number, or where that is slower than a launch, in all layers that gather so, once for each row (compiled steps of 20,460 edges: of 192 numbers
   * in each, and of 128 in two layers).
   */
  private hasMask(rows: Rows): boolean {
    const { environment, operation } = rows;
    const edges = this.lowering.program.values[operation.input]!.shape[0]!.symbol.replace(/Edges$/, '');
    const slower = bytesOfRead(this.numbersOf(rows) * (indexBytes - 1), 0, this.blocks(rows));
    return environment.numGathers(edges, 'receivers') * slower > launchBytes;
  }

  /** Whether one of the terms is gathered from nodes. */
  private gathers({ terms, operation: { input } }: Rows): boolean {
    const { schedule, program } = this.lowering;
    const rowsOfInput = program.values[input]!.shape[0]!.symbol;
    return terms.some((id) => !schedule.rowsOf(id).endsWith(rowsOfInput));
  }

  /** What both sums cost beside the arrays that they read. */
  protected besideSums(rows: Rows, times: number, numAdded: number): number {
    const adding = operationCycles * (times * (rows.terms.length - 1) + numAdded);
    const { mean, deviation } = castsOf(rows.operation.input, rows.environment, this.lowering, this.forward);
    const statistics = deviation ? 0 : operationsOfStatistics;
    const ofBoth = this.statisticBytes(rows, mean) + this.statisticBytes(rows, deviation);
    return ofBoth + this.computing(rows, operationsOfNorm + adding + statistics);
  }

  /** What the sum of products for the scale costs beside them, in f32. */
  protected besideProduct(rows: Rows): number {
    return this.statisticBytes(rows, false) + this.computing(rows, operationsInF32);
  }

  /** What it costs to read one of a row's statistics for each of its columns: a number in f32, or what a kernel of its own has made of it. */
  private statisticBytes(rows: Rows, isCast: boolean): number {
    const widths = isCast ? 1 : 4 / this.lowering.gemm.elementBytes;
    return this.bytesOfNumbers(rows, widths, this.blocks(rows));
  }

  /** What it costs to read a number per row, or per column, for each number of so many arrays. */
  protected bytesOfNumbers(
    { operation: { input }, environment, bytes }: Rows,
    times: number,
    numBlocks?: number,
  ): number {
    return bytesOfRead(times * bytes, bytes / this.columnsOf(input, environment), numBlocks);
  }

  /** Of the kernel that leaves parts of sums. */
  protected blocks(rows: Rows): number {
    const { samples, numRows } = this.parts(rows);
    const columns = this.columnsOf(rows.operation.input, rows.environment);
    return blocksOfParts(numRows * samples, columns, this.lowering.gemm.elementBytes);
  }

  protected computing(rows: Rows, operations: number): number {
    return this.numbersOf(rows) * operations * bytesOfOperation;
  }

  /** …where it may take longer than what the kernel moves: the shorter one is hidden (`CombineComputeAndMemoryAccessTime`). */
  protected computingBeside(rows: Rows, operations: number, moved: number): number {
    const computing = this.computing(rows, operations) / (1 - hiddenShare);
    return Math.max(computing, moved) - moved + (1 - hiddenShare) * Math.min(computing, moved);
  }

  /** …where one kernel sums at once and leaves the products for the other sum. */
  protected computingColumns(rows: Rows, numAdditions: number): number {
    const operations = operationsOfNorm - operationCycles + operationsOfStatistics + operationCycles * numAdditions;
    return this.numbersOf(rows) * operations * bytesOfColumnOperation;
  }

  protected numbersOf({ operation: { input }, environment }: Rows): number {
    return numElements(this.forward.shape(input, environment), this.lowering.sizes!);
  }

  protected parts({ operation: { input }, environment }: Rows): {
    readonly exact: boolean;
    readonly rowsOfEach: number;
    readonly samples: number;
    readonly numRows: number;
  } {
    const [rows, samples] = this.forward
      .shape(input, environment)
      .slice(0, 2)
      .map((each) => numElements([each], this.lowering.sizes!)) as [number, number];
    const { isExact, rowsOfEach } = partsOf(rows * samples);
    return { exact: isExact, rowsOfEach, samples, numRows: rows };
  }

  protected bytesOf(id: ValueId, environment: Environment): number {
    return numElements(this.forward.shape(id, environment), this.lowering.sizes!) * this.lowering.gemm.elementBytes;
  }

  protected columnsOf(id: ValueId, environment: Environment): number {
    return numElements([this.forward.shape(id, environment).at(-1)!], this.lowering.sizes!);
  }

  protected rowBytesOf(id: ValueId, environment: Environment): number {
    return this.columnsOf(id, environment) * this.lowering.gemm.elementBytes;
  }

  protected slowness(id: ValueId, environment: Environment): number {
    const { elementBytes } = this.lowering.gemm;
    return slownessOfColumns(this.columnsOf(id, environment), elementBytes) * computingOfSum(elementBytes);
  }

  protected get inF32(): boolean {
    return this.lowering.gemm.elementBytes === 4 && this.lowering.gemm.hasTriton;
  }
}
