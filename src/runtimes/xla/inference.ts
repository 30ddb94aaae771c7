/**
 * The forward pass alone, as XLA:GPU runs it where no backward pass keeps anything. The kernels are those of `forward.ts`; what differs is
 * their order, which of the sums are written down, and what normalises.
 *
 * Order: XLA's scheduler goes from the result to what it needs, depth first, the larger of two branches first
 * (openxla/xla, hlo_memory_scheduler.cc, DFSMemoryScheduler). So the encoder's update of the grid nodes runs after the processor.
 */
import type { ForwardProgram, Node } from '../../ir/forward-program.js';
import type { Operation, OperationOf } from '../../ir/operations.js';
import { axis, formatShape, numElements, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { DataFlow } from './data-flow.js';
import { Forward } from './forward.js';
import type { Gemm } from './gemm.js';
import type { BufferId } from './kernel.js';
import type { LossHead } from './loss-head.js';
import type { Lowering } from './lowering.js';
import { l1Bytes, normalisesFirst } from './norm-or-gather.js';
import type { Question, Sizes } from './sizes.js';
import { statisticsShape } from './symbols.js';
import { buffersOf, type Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';
import { WrittenSums } from './written-sums.js';
import { type RowSum, ZerosInLoop } from './zeros.js';

const f32 = 4;
const bf16 = 2;
/** Of the time that reading from memory takes. */
const cachedOnCard = 1 / 2.5;
const cachedInCores = cachedOnCard / 8;

export interface InferenceOptions {
  readonly sizes: Sizes;
  /** The program is the body of a loop over rollout steps. */
  readonly inLoop: boolean;
  readonly computeCapability: number;
}

/** Rows of f32 are normalised by one Triton kernel each, where there is Triton. */
const normsByTriton = ({ elementBytes, hasTriton }: Gemm): boolean => elementBytes === f32 && hasTriton;

/** Triton's tiles are powers of two: only such rows can be normalised in the kernel that concatenates them. */
export const mayNormaliseInConcat = (gemm: Gemm, width: number): boolean =>
  normsByTriton(gemm) && Number.isInteger(Math.log2(width));

export class InferenceForward extends Forward {
  private readonly flow: DataFlow;
  private readonly writtenSums: WrittenSums;
  private zerosInLoop: ZerosInLoop | undefined;
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
    const { flow, lowering, options } = this;
    const order = lowering.has('depthFirst') ? flow.depthFirst(predictions[0]!) : flow.inOrderOfCode();
    const operations = order.map(({ operation }) => operation);
    this.writtenSums.decide(operations.toReversed());
    if (options.inLoop && lowering.has('loopZeros'))
      this.zerosInLoop = new ZerosInLoop(lowering.schedule, operations.filter(isSum), this.zerosKey);
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
        if (this.writtenSums.has(operation)) this.writeSum(operation, environment);
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /**
   * Before Ampere values are bf16, and products f32: gathers and concatenations read a sum that was written in bf16, and the next sum reads
   * what this one was made of, where that is two arrays; where it is more, the same kernel writes the sum in f32 too.
   */
  private writeSum(sum: OperationOf<'add'>, environment: Environment): void {
    const { output } = sum;
    const isGathered = this.flow.readers(output).some(({ kind }) => kind === 'gather');
    if (!this.isUpcast || !isGathered) {
      this.materialise(output, environment);
      return;
    }
    const reads = buffersOf(environment.value(output));
    const shape = this.shape(output, environment);
    const rounded = this.array(shape, bf16);
    this.rounded.set(output, inBuffer(rounded));
    if ([sum.left, sum.right].some((id) => this.inlined.has(id))) {
      const whole = this.array(shape, f32);
      this.lowering.schedule.run(this.name(output), reads, [rounded, whole]);
      environment.setValue(output, inBuffer(whole));
    } else {
      this.lowering.schedule.run(this.name(output), reads, [rounded]);
      this.inlined.add(output);
    }
  }

  protected override gathered(id: ValueId, environment: Environment): Representation {
    return this.rounded.get(id) ?? environment.value(id);
  }

  /**
   * Before Ampere a product is read in f32 as it is, or once more to be rounded and then in bf16: with the third reader that moves fewer
   * bytes (priority_fusion.cc), and the kernel that takes the statistics writes it (multi_output_fusion.cc).
   */
  private isReadRounded(normalised: ValueId): boolean {
    return (
      this.isUpcast && !this.isOperandAndValue(normalised) && this.writtenSums.kernelsThatRead(normalised).size >= 3
    );
  }

  /**
   * Whether rows that a product reads normalised are so for their other readers too, which otherwise normalise them again. That saves a write
   * and a read, and costs every reader both statistics, scale and offset, which it reads once per element from a cache
   * (gpu_performance_model_base.cc): statistics that are too many for the cores' own come from the card's, eight times as slowly.
   */
  private isNormalisedOnce(normalised: ValueId, environment: Environment): boolean {
    const { gemm, has } = this.lowering;
    if (this.isUpcast || gemm.elementBytes !== bf16 || !this.isOperandAndValue(normalised) || !has('normalisedOnce'))
      return false;
    const shape = this.shape(normalised, environment);
    const others = this.flow.readers(normalised).filter(({ kind }) => kind !== 'linear');
    const read = others.map(({ kind, output }) => (kind === 'gather' ? this.shape(output, environment) : shape));
    return this.options.sizes.ask(`${[shape, ...read].map(formatShape)} normalised once`, savesReads(shape, read));
  }

  private isOperandAndValue(normalised: ValueId): boolean {
    const readers = this.flow.readers(normalised);
    return readers.length > 1 && readers.some(({ kind }) => kind === 'linear');
  }

  /** Rows that are no multiple of what a product wants are padded. */
  override servesAsOperand(rows: string): boolean {
    const { padding } = this.lowering.gemm;
    const isMultiple: Question = (sizes) => numElements([axis(rows), axis('batch')], sizes) % padding === 0;
    return this.options.sizes.ask(`${rows} by ${padding}`, isMultiple);
  }

  /** Before Ampere one kernel writes a product's operand, in f32, and the value that others read, in bf16. */
  private writeOperandAndValue(normalised: ValueId, environment: Environment): void {
    const value = this.array(this.shape(normalised, environment), bf16);
    const reads = buffersOf(environment.value(normalised));
    if (this.options.sizes.ask('one sample', isOneSample)) {
      const operand = this.array(this.gemmShapeOf(normalised, environment));
      this.lowering.schedule.run(this.name(normalised), reads, [operand, value]);
      environment.setOperand(normalised, operand);
    } else this.lowering.schedule.run(this.name(normalised), reads, [value]);
    environment.setValue(normalised, inBuffer(value));
  }

  /** Sums of edges stay in the type of the program. */
  protected override sumBytes(operation: RowSum): number {
    const bytes = super.sumBytes(operation);
    return this.isUpcast && operation.endpoints.edges !== 'grid2mesh' ? bf16 : bytes;
  }

  private get isUpcast(): boolean {
    return this.lowering.gemm.upcast && this.lowering.has('f32Results');
  }

  /** Sums as gathers and concatenations read them. */
  private readonly rounded = new Map<ValueId, Representation>();
  /** Of these the ones whose parts the next sum reads. */
  private readonly inlined = new Set<ValueId>();

  /**
   * Two reductions in f32, then the readers normalise. f32 with Triton: one kernel per row (softmax_rewriter_triton.cc), which also adds
   * the residual or writes the concatenation where that is all that reads it.
   */
  private normalise(operation: OperationOf<'layerNorm'>, environment: Environment): void {
    const { input, output } = operation;
    const value = environment.value(input);
    if (this.normsByTriton && this.lowering.has('rowKernels')) {
      environment.setValue(output, fusedIntoReaders(value));
      const [reader, ...others] = this.flow.readers(output);
      const inReader = others.length === 0 && (reader!.kind === 'add' || this.normalisesIn(reader!));
      if (!inReader) this.materialise(output, environment);
      return;
    }
    const shape = statisticsShape(this.rows(input, environment));
    const [mean, deviation] = [this.array(shape, f32), this.array(shape, f32)];
    const { schedule } = this.lowering;
    const rounded = this.isReadRounded(output) ? inBuffer(this.array(this.shape(input, environment), bf16)) : value;
    schedule.run(this.name(output), buffersOf(value), [
      mean,
      deviation,
      ...(rounded === value ? [] : buffersOf(rounded)),
    ]);
    const statistics = [this.array(shape), this.array(shape)];
    schedule.run(this.name(output), [mean, deviation], statistics);
    environment.setValue(output, fusedIntoReaders(rounded, ...statistics.map(inBuffer)));
    if (this.isUpcast && this.isOperandAndValue(output)) this.writeOperandAndValue(output, environment);
    else if (this.isNormalisedOnce(output, environment)) this.materialise(output, environment);
  }

  /** Rows that are normalised alone are gathered as they are; a Triton kernel, which normalises, gathers nothing. */
  private gatherRows(operation: OperationOf<'gather'>, environment: Environment): void {
    const { input, output } = operation;
    const rounded = this.rounded.get(input);
    if (rounded !== undefined) environment.setValue(output, fusedIntoReaders(rounded));
    else if (this.flow.isNormalised(input)) environment.setValue(output, fusedIntoReaders(environment.value(input)));
    else super.operation(operation, environment);
    if (this.normsByTriton && this.flow.readers(output).some((reader) => this.normalisesIn(reader)))
      this.materialise(output, environment);
  }

  /** Whether rows are normalised in the kernel that concatenates them, which then reads the others from arrays. */
  private normalisesIn(operation: Operation): boolean {
    if (operation.kind !== 'concat') return false;
    const { flow, lowering, options } = this;
    const own = operation.inputs.find((id) => flow.isNormalised(id) && flow.readers(id).length === 1);
    if (own === undefined) return false;
    const { shape } = lowering.program.values[own]!;
    const gathers = operation.inputs.some((id) => flow.maker(id)?.kind === 'gather');
    const isAsked = gathers && lowering.has('normOrGather');
    const question = isInConcat(shape, lowering.gemm, isAsked ? options.computeCapability : undefined);
    return options.sizes.ask(`${formatShape(shape)} normalised in a concatenation, ${isAsked}`, question);
  }

  /** Outside of a loop one kernel fills the zeros of all equal sums. */
  protected override zerosOf(operation: RowSum, environment: Environment): BufferId {
    const array = () => this.array(this.shape(operation.output, environment), this.sumBytes(operation));
    if (this.zerosInLoop !== undefined) return this.zerosInLoop.take(operation, array);
    const key = this.zerosKey(operation);
    const fill = this.fills.get(key) ?? this.lowering.schedule.open('zeros of the sums');
    this.fills.set(key, fill);
    const sum = array();
    fill(sum);
    return sum;
  }

  private readonly fills = new Map<string, (buffer: BufferId) => void>();
}

/** Of rows of a shape, for others of the shapes `read`. */
const savesReads =
  (shape: Shape, read: readonly Shape[]): Question =>
  (sizes) => {
    const count = (each: Shape) => numElements(each, sizes);
    const reads = read.reduce((sum, each) => sum + count(each), 0);
    const statistics = count(shape.slice(0, 2)) * bf16 < l1Bytes ? cachedInCores : cachedOnCard;
    return reads * (2 * statistics + 2 * cachedInCores) > 2 * count(shape);
  };

/** `computeCapability`: of the card whose times decide, where they do. */
const isInConcat =
  (shape: Shape, gemm: Gemm, computeCapability: number | undefined): Question =>
  (sizes) => {
    const [edges, samples, width] = shape.map((each) => numElements([each], sizes));
    if (!mayNormaliseInConcat(gemm, width!)) return false;
    if (computeCapability === undefined) return true;
    return normalisesFirst({ edges: edges!, samples: samples!, width: width! }, computeCapability);
  };

const isOneSample: Question = ({ batch }) => batch === 1;

const isSum = (operation: Operation): operation is RowSum =>
  operation.kind === 'segmentSum' || operation.kind === 'segmentMax';
