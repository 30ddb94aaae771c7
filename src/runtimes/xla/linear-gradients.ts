/** Gradients of a Linear: that of the weight before that of the input, but where an output layer's weight waits. */
import type { OperationOf } from '../../ir/operations.js';
import type { ValueId } from '../../ir/types.js';
import type { Forward, Lowering } from './forward.js';
import type { Gradients } from './gradients.js';
import type { BufferId } from './schedule.js';
import { type Environment, inBuffer, type Representation } from './values.js';

export class LinearGradients {
  private readonly waitingHeads = new Set<OperationOf<'linear'>>();
  private readonly waiting: (() => void)[] = [];
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
    const { operand, rows } = this.operandOf(linear, gradient, environment);
    for (const waiting of this.waiting.splice(0)) waiting();
    const weights = () => this.weightGradients(linear, operand, rows, environment);
    if (!this.waitingHeads.has(linear)) {
      weights();
      this.inputGradient(linear, operand, environment);
      return;
    }
    this.inputGradient(linear, operand, environment);
    this.forward.operand(linear.input, environment);
    this.waiting.push(weights);
  }

  private weightGradients(
    { input, weight, bias, output }: OperationOf<'linear'>,
    operand: BufferId,
    rows: readonly BufferId[] | undefined,
    environment: Environment,
  ): void {
    if (bias !== undefined && rows !== undefined && !this.gradients.biasIsSummed.has(output))
      this.gradients.sum(bias, output, rows, environment, this.isPrediction(output));
    const buffer = this.gradients.ofParameter(weight);
    const operands = [this.forward.operand(input, environment), operand];
    this.forward.product(this.gradients.nameOf(weight), operands, buffer, 'weightProduct');
    this.gradients.made(weight, buffer, true);
  }

  /** XLA holds the gradient of the prediction by channel, so that a channel's sum is one of a row. */
  private isPrediction(output: ValueId): boolean {
    return this.lowering.program.values[output]!.shape.at(-1)!.symbol === 'outputChannels';
  }

  private inputGradient({ input, weight }: OperationOf<'linear'>, operand: BufferId, environment: Environment): void {
    if (!this.lowering.program.values[input]!.differentiable) return;
    this.gradients.add(input, inBuffer(this.inputProduct(input, weight, operand, environment)));
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
  ): { readonly operand: BufferId; readonly rows?: readonly BufferId[] } {
    const { schedule, hidesLatency } = this.lowering;
    if (gradient.kind === 'buffer') return { operand: gradient.buffer, rows: [gradient.buffer] };
    const isPadded = !this.forward.servesAsOperand(this.forward.rows(output, environment));
    const isSummedApart = hidesLatency && !this.gradients.isSummedWithRows(output, environment);
    const isFusedInReaders = () => isPadded && !isSummedApart && !this.gradients.areWritten(output, environment);
    if (!hidesLatency || bias === undefined || this.gradients.isOfNorm(output) || isFusedInReaders()) {
      if (hidesLatency && gradient.reads.length === 1 && this.gradients.isOfNorm(output) && !isPadded)
        return { operand: gradient.reads[0]!, rows: gradient.reads };
      const operand = this.forward.array(this.forward.gemmShapeOf(output, environment));
      schedule.run(this.gradients.nameOf(output), gradient.reads, [operand]);
      return { operand, rows: hidesLatency ? gradient.reads : [operand] };
    }
    const rows = this.forward.array(this.forward.shape(output, environment));
    const operand = isPadded ? this.forward.array(this.forward.gemmShapeOf(output, environment)) : rows;
    if (isSummedApart) schedule.run(this.gradients.nameOf(output), gradient.reads, [rows]);
    else {
      const sum = this.gradients.ofParameter(bias);
      // Each of its results is computed from what it reads.
      schedule.run(this.gradients.nameOf(output), [...gradient.reads, ...gradient.reads], [rows, sum]);
      this.gradients.summed(bias, output, sum, environment);
    }
    if (isPadded) schedule.run(`pad ${this.gradients.nameOf(output)}`, [rows], [operand]);
    return isSummedApart ? { operand, rows: [rows] } : { operand };
  }
}
