/**
 * The forward pass alone, as XLA:GPU runs it where no backward pass keeps anything. The kernels are those of `forward.ts`; what differs is
 * their order, which of the sums are written down, and what normalises.
 *
 * Order: XLA's scheduler goes from the result to what it needs, depth first, the larger of two branches first
 * (openxla/xla, hlo_memory_scheduler.cc, DFSMemoryScheduler). So the encoder's update of the grid nodes runs after the processor.
 */
import type { ForwardProgram, Node } from '../../ir/forward-program.js';
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

  /** Adds into an array of zeros, in place. */
  protected override segmentSum(
    operation: OperationOf<'segmentSum' | 'segmentMax'>,
    environment: Environment,
  ): BufferId {
    const { input, output } = operation;
    const sum = this.zerosFor(operation, () => this.array(this.shape(output, environment), this.sumBytes(operation)));
    this.lowering.schedule.run(this.name(output), buffersOf(environment.value(input)), [sum]);
    return sum;
  }

  private zerosFor(operation: OperationOf<'segmentSum' | 'segmentMax'>, array: () => BufferId): BufferId {
    const { schedule } = this.lowering;
    const zeros = this.zerosOf(this.sumKey(operation));
    zeros.left -= 1;
    if (!this.options.inLoop || !this.lowering.has('loopZeros')) {
      zeros.fill ??= schedule.open(zerosName);
      const sum = array();
      zeros.fill(sum);
      return sum;
    }
    if (zeros.shared === undefined) {
      zeros.shared = array();
      schedule.run(zerosName, [], [zeros.shared]);
    }
    if (zeros.left === 0) return zeros.shared;
    const sum = array();
    schedule.run(`copy of ${zerosName}`, [zeros.shared], [sum]);
    return sum;
  }

  /** Equal keys: sums into equal zeros. */
  private sumKey(operation: OperationOf<'segmentSum' | 'segmentMax'>): string {
    return `${this.lowering.program.values[operation.output]!.shape[0]!.symbol} ${this.sumBytes(operation)}`;
  }

  private zerosOf(key: string): Zeros {
    let zeros = this.zerosByKey.get(key);
    if (zeros === undefined) {
      const sums = this.flow
        .inOrderOfCode()
        .map(({ operation }) => operation)
        .filter(isSum);
      zeros = { left: sums.filter((sum) => this.sumKey(sum) === key).length };
      this.zerosByKey.set(key, zeros);
    }
    return zeros;
  }

  private readonly zerosByKey = new Map<string, Zeros>();
}

/**
 * Equal sums. Outside of a loop one kernel fills the zeros of them all; inside of one XLA has a single array of zeros, which every sum but
 * the last copies.
 */
interface Zeros {
  left: number;
  fill?: (buffer: BufferId) => void;
  shared?: BufferId;
}

const zerosName = 'zeros of the sums';
const isSum = (operation: Operation): operation is OperationOf<'segmentSum' | 'segmentMax'> =>
  operation.kind === 'segmentSum' || operation.kind === 'segmentMax';
