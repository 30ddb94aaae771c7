/** Gradients of a Linear: that of the weight before that of the input, but where an output layer's weight waits. */
import type { OperationOf } from '../../ir/operations.js';
import { constant, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { bytesOfComputing, slownessOfColumns } from './column-sums.js';
import type { Forward } from './forward.js';
import type { Gradients } from './gradients.js';
import type { BufferId } from './kernel.js';
import { bytesOfOperation, launchBytes, operationCycles } from './kernel-times.js';
import type { Lowering } from './lowering.js';
import { isComputedByReaders } from './swish-fusion.js';
import { type Environment, inBuffer, type Representation } from './values.js';

const f32 = 4;
/**
 * Of a number of a swish's gradient, by bytes of a number: d·s + x·d·(s·(1 − s)) with s = 1 / (1 + e^(−x)), ten operations, of which an exponential
 * in f32 takes 86 cycles; in bf16 three more, which cast (`operationCycles`).
 */
const operationsOfSwish: Readonly<Record<number, number>> = { 2: 13 * operationCycles, 4: 9 * operationCycles + 86 };

/**
 * …on a Hopper, and of a sum, by which XLA fuses (its log of both, gpu_performance_model.cc: 570,240 and 31,104 of 162 rows of 64 in bf16, 5,557,248
 * and 288,512 of 162 rows of 256 in f32).
 */
const operationsWhereFused: Readonly<Record<number, { readonly swish: number; readonly sum: number }>> = {
  2: { swish: 55, sum: 3 },
  4: { swish: 134, sum: 7 },
};

export class LinearGradients {
  private readonly waitingHeads = new Set<OperationOf<'linear'>>();
  private readonly waiting: (() => void)[] = [];
  /**
   * Where it is recomputed its gradient is made in the same kernel, but where that is padded by a kernel of its own (multi_output_fusion.cc: siblings;
   * 39 compiled steps whose decoder is recomputed).
   */
  private activationOfHead: BufferId | undefined;
  constructor(
    private readonly lowering: Lowering,
    private readonly forward: Forward,
    private readonly gradients: Gradients,
  ) {}

  /** The head's weight gradient is made with the next Linear's. */
  letWait(head: OperationOf<'linear'>): void {
    this.waitingHeads.add(head);
  }

  backward(linear: OperationOf<'linear'>, gradient: Representation, environment: Environment): void {
    const { schedule, isOrdered } = this.lowering;
    const { length } = schedule;
    const { operand, rows, computing, isPaddedApart } = this.operandOf(linear, gradient, environment);
    const activation = this.activationOfHead;
    this.activationOfHead = undefined;
    if (isOrdered && activation !== undefined && isPaddedApart !== true) schedule.makeBeside(activation, length);
    for (const waiting of this.waiting.splice(0)) waiting();
    const weights = () => this.weightGradients(linear, operand, rows, environment, computing);
    if (!this.waitingHeads.has(linear)) {
      weights();
      this.inputGradient(linear, operand, environment);
      return;
    }
    this.inputGradient(linear, operand, environment);
    this.activationOfHead = this.forward.operand(linear.input, environment);
    this.waiting.push(weights);
  }

  private weightGradients(
    { input, weight, bias, output }: OperationOf<'linear'>,
    operand: BufferId,
    rows: readonly BufferId[] | undefined,
    environment: Environment,
    computing?: number,
  ): void {
    if (bias !== undefined && rows !== undefined && !this.gradients.biasIsSummed.has(output))
      this.gradients.sum(bias, output, rows, environment, this.isPrediction(output), computing);
    const buffer = this.gradients.ofParameter(weight);
    const operands = [this.forward.operandAgain(input, environment), operand];
    this.forward.product(this.gradients.nameOf(weight), operands, buffer, 'weightProduct');
    this.gradients.made(weight, buffer, true);
  }

  /** XLA holds the gradient of the prediction by channel, so that a channel's sum is one of a row. */
  private isPrediction(output: ValueId): boolean {
    return this.lowering.program.values[output]!.shape.at(-1)!.symbol === 'outputChannels';
  }

  private inputGradient(linear: OperationOf<'linear'>, operand: BufferId, environment: Environment): void {
    const { input, weight } = linear;
    if (!this.lowering.program.values[input]!.differentiable) return;
    const [sum, ...others] = this.gradients.termsOf(input);
    if (this.lowering.isOrdered && sum?.kind === 'buffer' && others.length === 0) {
      this.gradients.set(input, [inBuffer(this.addedProduct(linear, operand, sum.buffer, environment))]);
      return;
    }
    this.gradients.add(input, inBuffer(this.inputProduct(input, weight, operand, environment)));
  }

  /**
   * A product that is added to a gradient that is an array: its third operand, which it overwrites, or where rows are padded reads
   * (gemm_rewriter.cc, `FuseMatrixBiasAdd`).
   */
  private addedProduct(
    { input, weight }: OperationOf<'linear'>,
    operand: BufferId,
    sum: BufferId,
    environment: Environment,
  ): BufferId {
    const { schedule } = this.lowering;
    const name = this.gradients.nameOf(input);
    const isPadded = !this.forward.servesAsOperand(this.forward.rows(input, environment));
    const third = isPadded ? this.forward.array(this.forward.gemmShapeOf(input, environment)) : schedule.like(sum);
    const result = isPadded ? schedule.like(third) : third;
    if (isPadded) schedule.run(`pad ${name}`, [sum], [third]);
    else schedule.run(`copy of ${name}`, [sum], [third], 'copy');
    this.forward.product(name, [operand, ...this.forward.weight(weight, environment), third], result);
    return result;
  }

  private inputProduct(input: ValueId, weight: ValueId, operand: BufferId, environment: Environment): BufferId {
    const result = this.forward.array(this.forward.gemmShapeOf(input, environment));
    this.forward.product(this.gradients.nameOf(input), [operand, ...this.forward.weight(weight, environment)], result);
    return result;
  }

  /**
   * f32 products take any array as it is; bf16 ones want padded rows, which the kernel that computes the gradient writes. Where the bias's
   * sum is read by itself, the kernel of an activation's gradient makes its first stage (`priority_fusion.cc`: several results), and the
   * padding is a kernel of its own. `rows`: what the bias's gradient is the sum of, unless it is summed.
   */
  private operandOf(
    { output, bias }: OperationOf<'linear'>,
    gradient: Representation,
    environment: Environment,
  ): {
    readonly operand: BufferId;
    readonly rows?: readonly BufferId[];
    readonly computing?: number;
    readonly isPaddedApart?: boolean;
  } {
    const { schedule, isOrdered, gemm, sizes } = this.lowering;
    if (gradient.kind === 'buffer')
      return { operand: this.paddedPrediction(output, gradient.buffer, environment), rows: [gradient.buffer] };
    const isPadded = !this.forward.servesAsOperand(this.forward.rows(output, environment));
    const isSummedApart = isOrdered && !this.gradients.isSummedWithRows(output, environment);
    const isFusedInReaders = () =>
      isPadded && !isSummedApart && isComputedByReaders(...this.rowsAndColumnsOf(output, environment));
    const shape = this.forward.shape(output, environment);
    const perNumber = operationsOfSwish[gemm.elementBytes]! * bytesOfOperation;
    const computing = isOrdered ? numElements(shape, sizes!) * perNumber : 0;
    if (!isOrdered || bias === undefined || this.gradients.isOfNorm(output) || isFusedInReaders()) {
      if (isOrdered && gradient.reads.length === 1 && this.gradients.isOfNorm(output) && !isPadded)
        return { operand: gradient.reads[0]!, rows: gradient.reads };
      const operand = this.forward.array(this.forward.gemmShapeOf(output, environment));
      const ofSwish = this.gradients.isOfNorm(output) ? 0 : computing;
      schedule.run(this.gradients.nameOf(output), gradient.reads, [operand], undefined, undefined, ofSwish);
      return { operand, rows: isOrdered ? gradient.reads : [operand], computing: ofSwish };
    }
    const name = this.gradients.nameOf(output);
    if (isPadded && this.gradients.arePaddedAlike(output, environment)) {
      const padded = this.forward.array(this.forward.gemmShapeOf(output, environment));
      const sum = this.gradients.partsOf(bias, output, environment);
      const reads = [...gradient.reads, ...gradient.reads];
      schedule.run(name, reads, [padded, sum], undefined, undefined, 2 * computing);
      this.gradients.summed(bias, output, sum, environment);
      return { operand: padded };
    }
    const rows = this.forward.array(shape);
    const operand = isPadded ? this.forward.array(this.forward.gemmShapeOf(output, environment)) : rows;
    const isSummed = !isSummedApart || this.isSummedBeside(output, environment);
    if (!isSummed) schedule.run(name, gradient.reads, [rows], undefined, undefined, computing);
    else if (isSummedApart) this.sumBeside(bias, output, rows, gradient.reads, environment);
    else {
      const sum = this.gradients.partsOf(bias, output, environment);
      // Each of its results is computed from what it reads.
      const reads = [...gradient.reads, ...gradient.reads];
      schedule.run(name, reads, [rows, sum], undefined, undefined, 2 * computing);
      this.gradients.summed(bias, output, sum, environment);
    }
    if (isPadded) schedule.run(`pad ${this.gradients.nameOf(output)}`, [rows], [operand]);
    return { operand, isPaddedApart: isPadded, ...(!isSummed && { rows: [rows] }) };
  }

  /**
   * Whether the kernel that sums a swish's few rows at once computes and writes them too: where that is not slower than two kernels (multi_output_fusion.cc;
   * gpu_performance_model.cc, `EstimateRunTimesForMultiOutputFusion`).
   */
  private isSummedBeside(output: ValueId, environment: Environment): boolean {
    if (!this.gradients.isSummedAtOnce(output, environment)) return false;
    const { elementBytes } = this.lowering.gemm;
    const { bytes, numbers, slowness } = this.columnsOf(output, environment);
    const { swish, sum } = operationsWhereFused[elementBytes]!;
    const ofSum = bytes + bytesOfComputing(sum * numbers, bytes);
    const apart = 2 * launchBytes + 3 * bytes + slowness * ofSum;
    const ofBoth = 2 * bytes + bytesOfComputing((swish + sum) * numbers, 2 * bytes);
    return launchBytes + slowness * ofBoth + bytes <= apart;
  }

  private sumBeside(
    bias: ValueId,
    output: ValueId,
    rows: BufferId,
    reads: readonly BufferId[],
    environment: Environment,
  ): void {
    const { schedule, program, gemm } = this.lowering;
    const { bytes, numbers } = this.columnsOf(output, environment);
    const sum = schedule.buffer(program.values[bias]!.shape, f32, 'gradient');
    const operations = (2 * operationsOfSwish[gemm.elementBytes]! + operationCycles) * numbers;
    const moved = 2 * reads.length * bytes;
    schedule.run(
      this.gradients.nameOf(output),
      reads,
      [sum, rows],
      'columns',
      moved,
      bytesOfComputing(operations, moved),
    );
    this.gradients.ofParameters.push({ id: bias, gradient: sum });
  }

  /**
   * The gradient of the prediction as a product's operand: of several samples put row by row, and bf16 ones want columns padded too
   * (cublas_pad_for_gemms.cc).
   */
  private paddedPrediction(output: ValueId, byChannel: BufferId, environment: Environment): BufferId {
    const { schedule, isOrdered, gemm, sizes } = this.lowering;
    if (!isOrdered || !this.isPrediction(output)) return byChannel;
    const shape = this.forward.shape(output, environment);
    const isOneSample = numElements(shape.slice(1, 2), sizes!) === 1;
    const gradient = isOneSample ? byChannel : this.forward.array(shape);
    if (!isOneSample) schedule.run(`${this.gradients.nameOf(output)} by row`, [byChannel], [gradient]);
    const columns = numElements(shape.slice(-1), sizes!);
    const isWhole =
      columns % gemm.padding === 0 && this.forward.servesAsOperand(this.forward.rows(output, environment));
    if (isWhole) return gradient;
    const rows = this.forward.gemmShapeOf(output, environment).slice(0, -1);
    const padded = this.forward.array([...rows, constant(Math.ceil(columns / gemm.padding) * gemm.padding)]);
    schedule.run(`pad ${this.gradients.nameOf(output)}`, [gradient], [padded]);
    return padded;
  }

  private rowsAndColumnsOf(id: ValueId, environment: Environment): [rows: number, columns: number] {
    const shape = this.forward.shape(id, environment);
    const columns = numElements(shape.slice(-1), this.lowering.sizes!);
    return [numElements(shape, this.lowering.sizes!) / columns, columns];
  }

  private columnsOf(id: ValueId, environment: Environment): { bytes: number; numbers: number; slowness: number } {
    const { elementBytes } = this.lowering.gemm;
    const [rows, columns] = this.rowsAndColumnsOf(id, environment);
    const numbers = rows * columns;
    return { numbers, bytes: numbers * elementBytes, slowness: slownessOfColumns(columns, elementBytes) };
  }
}
