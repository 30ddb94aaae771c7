/**
 * The forward pass alone, as XLA:GPU runs it where no backward pass keeps anything. The kernels are those of `forward.ts`; what differs is
 * their order, which of the sums are written down, and what normalises.
 *
 * Order: XLA's scheduler goes from the result to what it needs, depth first, the larger of two branches first
 * (openxla/xla, hlo_memory_scheduler.cc, DFSMemoryScheduler). So the encoder's update of the grid nodes runs after the processor.
 */
import { type ForwardProgram, type Node, operationsOf } from '../../ir/forward-program.js';
import type { Operation, OperationOf } from '../../ir/operations.js';
import type { Dimensions } from '../../ir/shape.js';
import { DataFlow } from './data-flow.js';
import { Forward, type Lowering } from './forward.js';
import type { Gemm } from './gemm.js';
import type { LossHead } from './loss-head.js';
import type { BufferId } from './schedule.js';
import { statisticsShape } from './symbols.js';
import { buffersOf, type Environment, fused, inBuffer } from './values.js';
import { WrittenSums } from './written-sums.js';
import { type RowSum, ZerosInLoop } from './zeros.js';

const f32 = 4;

export interface InferenceOptions {
  readonly sizes: Dimensions;
  /** The program is the body of a loop over rollout steps. */
  readonly inLoop: boolean;
  /**
   * Triton's tiles are powers of two: only such rows can be normalised in the kernel that concatenates them, which then reads both ends'
   * rows from arrays. XLA's cost model finds gathering inside the concatenation as good (both save 31.0205 µs in its own dump of a
   * compiled step), and the rounding of its times decides. Here: the arrays, which is more; `process.ts` has the interval.
   */
  readonly normalisesInConcat: boolean;
}

/** Rows of f32 are normalised by one Triton kernel each, where there is Triton. */
const normsByTriton = ({ elementBytes, hasTriton }: Gemm): boolean => elementBytes === f32 && hasTriton;

export const normalisesInConcat = (gemm: Gemm, width: number): boolean =>
  normsByTriton(gemm) && Number.isInteger(Math.log2(width));

export class InferenceForward extends Forward {
  private readonly flow: DataFlow;
  private readonly writtenSums: WrittenSums;
  private readonly zerosInLoop: ZerosInLoop;
  private readonly normsByTriton: boolean;

  constructor(
    lowering: Lowering,
    lossHead: LossHead,
    body: readonly Node[],
    private readonly options: InferenceOptions,
  ) {
    super(lowering, lossHead);
    this.normsByTriton = normsByTriton(lowering.gemm);
    this.flow = new DataFlow(body, lowering.program.root.module);
    const sums = operationsOf(body).filter(isSum);
    this.zerosInLoop = new ZerosInLoop(lowering.schedule, sums, this.zerosKey);
    this.writtenSums = new WrittenSums(this.flow, lowering, options.sizes, this.normsByTriton);
  }

  /** Runs what the prediction needs. */
  predict({ predictions }: ForwardProgram, environment: Environment): void {
    const { flow, lowering } = this;
    const order = lowering.has('depthFirst') ? flow.depthFirst(predictions[0]!) : flow.inOrderOfCode();
    this.writtenSums.decide(order.map(({ operation }) => operation).reverse());
    for (const { operation, module } of order) {
      lowering.schedule.within({ module }, () => this.operation(operation, environment));
    }
  }

  protected override operation(operation: Operation, environment: Environment): void {
    switch (operation.kind) {
      case 'layerNorm':
        this.normalise(operation, environment);
        return;
      case 'gather':
        this.gatherRows(operation, environment);
        return;
      case 'add':
        super.operation(operation, environment);
        if (this.writtenSums.has(operation)) this.materialise(operation.output, environment);
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /**
   * Two reductions in f32, then the readers normalise. f32 with Triton: one kernel per row (softmax_rewriter_triton.cc), which also adds
   * the residual or writes the concatenation where that is all that reads it.
   */
  private normalise(operation: OperationOf<'layerNorm'>, environment: Environment): void {
    const { input, output } = operation;
    const value = environment.value(input);
    if (this.normsByTriton && this.lowering.has('rowKernels')) {
      environment.setValue(output, fused(value));
      const [reader, ...others] = this.flow.readers(output);
      const inReader = others.length === 0 && (reader!.kind === 'add' || this.normalisesIn(reader!));
      if (!inReader) this.materialise(output, environment);
      return;
    }
    const shape = statisticsShape(this.rows(input, environment));
    const [mean, deviation] = [this.array(shape, f32), this.array(shape, f32)];
    const { schedule } = this.lowering;
    schedule.run(this.name(output), buffersOf(value), [mean, deviation]);
    const statistics = [this.array(shape), this.array(shape)];
    schedule.run(this.name(output), [mean, deviation], statistics);
    environment.setValue(output, fused(value, ...statistics.map(inBuffer)));
  }

  /** Rows that are normalised alone are gathered as they are; a Triton kernel, which normalises, gathers nothing. */
  private gatherRows(operation: OperationOf<'gather'>, environment: Environment): void {
    const { input, output } = operation;
    if (this.flow.isNormalised(input)) environment.setValue(output, fused(environment.value(input)));
    else super.operation(operation, environment);
    if (this.normsByTriton && this.flow.readers(output).some((reader) => this.normalisesIn(reader)))
      this.materialise(output, environment);
  }

  private normalisesIn(operation: Operation): boolean {
    return (
      this.options.normalisesInConcat &&
      operation.kind === 'concat' &&
      operation.inputs.some((id) => this.flow.isNormalised(id) && this.flow.readers(id).length === 1)
    );
  }

  /** Outside of a loop one kernel fills the zeros of all equal sums. */
  protected override zerosOf(operation: RowSum, environment: Environment): BufferId {
    const array = () => this.array(this.shape(operation.output, environment), this.sumBytes(operation));
    if (this.options.inLoop && this.lowering.has('loopZeros')) return this.zerosInLoop.take(operation, array);
    const key = this.zerosKey(operation);
    const fill = this.fills.get(key) ?? this.lowering.schedule.open('zeros of the sums');
    this.fills.set(key, fill);
    const sum = array();
    fill(sum);
    return sum;
  }

  private readonly fills = new Map<string, (buffer: BufferId) => void>();
}

const isSum = (operation: Operation): operation is RowSum =>
  operation.kind === 'segmentSum' || operation.kind === 'segmentMax';
