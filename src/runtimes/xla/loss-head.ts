/**
 * The loss of one step, where several arrays as wide as the prediction meet. The gradients of the variables are padded to the full width
 * and added up (graphcast 08cf736, losses.py weighted_mse_per_level; model_utils.py stacked_to_dataset). How many are there at
 * once: `loss-head-width.ts`.
 */
import { type Axis, axis, constant, type Dimensions, numElements } from '../../ir/shape.js';
import { mostSummedAtOnce } from './column-sums.js';
import type { Gemm } from './gemm.js';
import type { BufferId } from './kernel.js';
import { operationCycles } from './kernel-times.js';
import type { Schedule } from './schedule.js';
import { fields, lossHead, numAtmosphericVariables, numSurfaceVariables } from './symbols.js';
import { buffersOf, inBuffer, type Representation } from './values.js';

const lossName = 'loss of a variable';
/** From 10m_u_component_of_wind to vertical_velocity. */
function inOrderOfNames<T>(atSurface: readonly T[], withLevels: readonly T[]): readonly T[] {
  const [windU, windV, temperature, pressure, precipitation] = atSurface;
  const [geopotential, humidity, ...others] = withLevels;
  const [temperatures, ...winds] = others;
  const inOrder = [windU, windV, temperature, geopotential, pressure, humidity, temperatures, precipitation, ...winds];
  return inOrder as readonly T[];
}

/**
 * Of all eleven losses, weighted, and their sum: cycles that XLA counts (its log) for one sample, with their count beside it, and for each of several
 * samples, by warps or by one thread each; by bytes of a number.
 */
const operationsOfAll: Readonly<
  Record<
    number,
    {
      readonly one: number;
      readonly counted: number;
      readonly ofSample: number;
      readonly factorOfSample: number;
      readonly ofThread: number;
    }
  >
> = {
  2: { one: 225, counted: 432, ofSample: 517, factorOfSample: 330, ofThread: 208 },
  4: { one: 81, counted: 81, ofSample: 229, factorOfSample: 183, ofThread: 64 },
};
/**
 * How many losses are numbers is one more result in bf16, or counted by every kernel that reads it: XLA's estimates of the two lie within 0.3 %
 * (its dump of priority fusion). With 37 levels each kernel counted in ten compiled steps of ten, with 13 in 23 of 37.
 */
const mostLevelsCountedOnce = 13;

const warp = 32;
/** A row that fills a warp, or a whole part of one, is summed by warps, others number by number (reduction_utils.cc, `IsUnnestedReductionFasterThanElemental`). */
const isSummedByWarps = (numbers: number): boolean => numbers >= warp || warp % numbers === 0;

export class LossHead {
  private differences: BufferId | undefined;
  /** The loss of each variable, and of all, where cards average them. */
  losses: readonly BufferId[] = [];
  /** What the gradient is divided by, or is computed from. */
  private counts: readonly BufferId[] = [];

  constructor(
    private readonly schedule: Schedule,
    private readonly gemm: Gemm,
    /** Where cards average their losses. */
    private readonly sizes?: Dimensions,
  ) {}

  /** The squares are summed in the kernels that read the differences. */
  forward(prediction: Representation): void {
    this.differences = this.rows(lossHead.differences);
    const atSurface = this.numbers(numSurfaceVariables);
    if (this.sizes !== undefined) this.schedule.run('squares at the surface', buffersOf(prediction), atSurface);
    this.schedule.run('prediction − target', buffersOf(prediction), [this.differences]);
    if (this.sizes !== undefined) this.average(atSurface, this.differences, this.sizes);
  }

  /** Each variable is summed, what has levels in two kernels if it is many numbers (tree_reduction_rewriter.cc), and divided by its count. */
  private average(atSurface: readonly BufferId[], differences: BufferId, sizes: Dimensions): void {
    const isInTwo = numElements([axis('gridNodes'), fields.levels], sizes) > mostSummedAtOnce;
    const ofSamples = (length: number) => Array.from({ length }, () => this.schedule.buffer([axis('batch')], 4));
    const withLevels = ofSamples(numAtmosphericVariables).map((sum) => {
      const parts = this.schedule.like(sum);
      if (isInTwo) this.sumSquares(differences, parts);
      this.sumSquares(isInTwo ? parts : differences, sum);
      return sum;
    });
    const samples = numElements([axis('batch')], sizes);
    if (samples === 1) this.losses = this.divided(inOrderOfNames(atSurface, withLevels));
    else {
      const summed = ofSamples(numSurfaceVariables);
      for (const [index, squares] of atSurface.entries()) this.sumSquares(squares, summed[index]!);
      const sums = inOrderOfNames(summed, withLevels);
      this.losses = isSummedByWarps(samples) ? this.dividedOfSamples(sums) : this.dividedByThreads(sums, samples);
    }
  }

  private divided(sums: readonly BufferId[]): readonly BufferId[] {
    const losses = this.numbers(1 + sums.length);
    const [ofAll, ...others] = losses as [BufferId, ...BufferId[]];
    // The gradient is divided by how many losses are numbers.
    const isCounted =
      this.gemm.elementBytes === 2 && numElements([fields.levels], this.sizes!) <= mostLevelsCountedOnce;
    const counted = isCounted ? this.numbers(1) : [];
    this.counts = counted.length > 0 ? counted : sums;
    const operations = operationsOfAll[this.gemm.elementBytes]!;
    this.schedule.compute(lossName, sums, [ofAll, ...counted], isCounted ? operations.counted : operations.one);
    for (const [index, loss] of others.entries())
      this.schedule.compute(lossName, [sums[index]!], [loss], 7 * operationCycles);
    return losses;
  }

  /**
   * Of several samples a kernel leaves sum and count: the first one those of all losses and three variables, the second one those of four more, and
   * what the gradient of each sample is multiplied by, the others those of one variable each.
   */
  private dividedOfSamples(sums: readonly BufferId[]): readonly BufferId[] {
    const { schedule } = this;
    const pairs = Array.from({ length: 1 + sums.length }, () => this.numbers(2));
    const together = 4;
    const factor = schedule.buffer([axis('batch')], this.gemm.elementBytes);
    this.counts = [factor];
    const samples = numElements([axis('batch')], this.sizes!);
    const operations = operationsOfAll[this.gemm.elementBytes]!;
    const means = (reads: readonly BufferId[], writes: readonly BufferId[], operationsOfSample: number) =>
      schedule.compute('means over samples', reads, writes, operationsOfSample * samples, samples);
    means(sums, pairs.slice(0, together).flat(), operations.ofSample);
    means([...sums, pairs[0]![1]!], [...pairs.slice(together, 2 * together).flat(), factor], operations.factorOfSample);
    for (const [index, pair] of pairs.entries())
      if (index >= 2 * together) means([sums[index - 1]!], pair, 9 * operationCycles);
    return pairs.map((pair) => {
      const loss = schedule.buffer([constant(1), constant(1)], 4);
      schedule.compute(lossName, pair, [loss], operationCycles);
      return loss;
    });
  }

  /** …where one thread adds up the samples, in the kernel that divides their sum; the gradient is computed from the loss of each sample. */
  private dividedByThreads(sums: readonly BufferId[], samples: number): readonly BufferId[] {
    const { schedule } = this;
    const ofSamples = schedule.buffer([axis('batch')], 4);
    this.counts = [ofSamples];
    const { ofThread } = operationsOfAll[this.gemm.elementBytes]!;
    schedule.compute('loss of each sample', sums, [ofSamples], ofThread * samples, samples);
    return [ofSamples, ...sums].map((sum) => {
      const loss = schedule.buffer([constant(1)], 4);
      // Each is weighted but those of all, compared, chosen, negated and cast twice; then two sums and a quotient.
      const ofEach = sum === ofSamples ? 6 : 8;
      schedule.compute(lossName, [sum], [loss], (ofEach * samples + 2 * (samples - 1) + 1) * operationCycles);
      return loss;
    });
  }

  private sumSquares(from: BufferId, into: BufferId): void {
    this.schedule.run('sum of squares of a variable', [from], [into]);
  }

  private numbers(length: number): BufferId[] {
    return Array.from({ length }, () => this.schedule.buffer([constant(1)], 4));
  }

  /** → `[gridNodes, batch, outputChannels]` */
  backward(prediction: Representation): Representation {
    const gradient = this.rows(axis('outputChannels'));
    // Padded before float normalisation makes f32 of the sums.
    const padded = this.rows(lossHead.padded, this.gemm.upcast ? 2 : this.gemm.elementBytes);
    this.schedule.run(
      'gradients of the variables',
      [this.differences!, ...buffersOf(prediction), ...this.counts],
      [padded, gradient],
    );
    this.schedule.run('gradient of the prediction', [padded], [gradient]);
    return inBuffer(gradient);
  }

  private rows(columns: Axis, elementBytes: number = this.gemm.elementBytes): BufferId {
    return this.schedule.buffer([axis('gridNodes'), axis('batch'), columns], elementBytes);
  }
}
