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
    const operand = this.operandOf(linear.output, gradient, environment);
    for (const waiting of this.waiting.splice(0)) waiting();
    const weights = () => this.weightGradients(linear, operand, environment);
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
    { input, weight, bias }: OperationOf<'linear'>,
    operand: BufferId,
    environment: Environment,
  ): void {
    const { schedule } = this.lowering;
    const products = bias === undefined ? [weight] : [bias, weight];
    for (const id of products) {
      const buffer = this.gradients.ofParameter(id);
      if (id === bias) schedule.run(this.gradients.nameOf(id), [operand], [buffer]);
      else this.forward.product(this.gradients.nameOf(id), [this.forward.operand(input, environment), operand], buffer);
    }
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

  /** f32 products take any array as it is; bf16 ones want padded rows, which the kernel that computes the gradient writes. */
  private operandOf(id: ValueId, gradient: Representation, environment: Environment): BufferId {
    if (gradient.kind === 'buffer') return gradient.buffer;
    const buffer = this.forward.array(this.forward.gemmShapeOf(id, environment));
    this.lowering.schedule.run(this.gradients.nameOf(id), gradient.reads, [buffer]);
    return buffer;
  }
}
