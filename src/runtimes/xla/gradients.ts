/** Gradients that wait for their operation: what has been added up for a value so far, as terms that may still be fused. */
import { constant, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { blocksAtFullSpeed, isSummedAtOnce, mostSummedAtOnce, partsOf, rowsOfBlock } from './column-sums.js';
import type { Forward } from './forward.js';
import type { BufferId } from './kernel.js';
import { bytesOfRowSums } from './kernel-times.js';
import type { Lowering } from './lowering.js';
import { type Environment, fusedIntoReaders, type Representation } from './values.js';

export interface ParameterGradient {
  readonly id: ValueId;
  readonly gradient: BufferId;
}

export class Gradients {
  private readonly terms = new Map<ValueId, Representation[]>();
  private readonly normalised = new Set<ValueId>();
  /** What linear layers write whose bias's gradient a norm's kernel has summed. */
  readonly biasIsSummed = new Set<ValueId>();
  /** Of parameters, in the order in which they are made; where they meet those of other cards, in f32. */
  readonly ofParameters: ParameterGradient[] = [];

  constructor(
    private readonly lowering: Lowering,
    private readonly forward: Forward,
  ) {}

  has(id: ValueId): boolean {
    return this.terms.has(id);
  }

  termsOf(id: ValueId): readonly Representation[] {
    return this.terms.get(id) ?? [];
  }

  /** What a norm reads: its gradient is the norm's. */
  isOfNorm(id: ValueId): boolean {
    return this.normalised.has(id);
  }

  addOfNorm(id: ValueId, term: Representation): void {
    this.normalised.add(id);
    this.add(id, term);
  }

  /** The sum of the terms. */
  of(id: ValueId): Representation {
    const terms = this.termsOf(id);
    return terms.length === 1 ? terms[0]! : fusedIntoReaders(...terms);
  }

  /** The sum, which nothing waits for any longer. */
  take(id: ValueId): Representation {
    const sum = this.of(id);
    this.terms.delete(id);
    return sum;
  }

  set(id: ValueId, terms: readonly Representation[]): void {
    this.terms.set(id, [...terms]);
  }

  add(id: ValueId, term: Representation): void {
    if (this.lowering.program.values[id]!.differentiable) this.set(id, [...this.termsOf(id), term]);
  }

  /** A buffer of the gradient's own. */
  materialise(id: ValueId, gradient: Representation, environment: Environment): BufferId {
    if (gradient.kind === 'buffer') return gradient.buffer;
    const buffer = this.forward.array(this.forward.shape(id, environment));
    this.lowering.schedule.run(this.nameOf(id), gradient.reads, [buffer]);
    return buffer;
  }

  /** The buffer that the gradient of a parameter is written to; `made` when it is. */
  ofParameter(id: ValueId): BufferId {
    const { schedule, program, gemm, resultOf } = this.lowering;
    return resultOf?.(id) ?? schedule.buffer(program.values[id]!.shape, gemm.elementBytes, 'gradient');
  }

  /** What the first of two kernels leaves of a sum over the rows of `rowsOf`. */
  partsOf(id: ValueId, rowsOf: ValueId, environment: Environment): BufferId {
    const { schedule, program, gemm, isOrdered } = this.lowering;
    if (!isOrdered) return this.ofParameter(id);
    const parts = constant(partsOf(this.numRows(rowsOf, environment)).count);
    return schedule.buffer([parts, ...program.values[id]!.shape], gemm.elementBytes);
  }

  /** After the kernel that makes it. `jax.lax.pmean` takes it in f32, in which a product writes it where all is f32. */
  made(id: ValueId, gradient: BufferId, isProduct = false): void {
    const { meets, gemm } = this.lowering;
    if (meets && !(isProduct && gemm.elementBytes === 4)) this.inF32(id, [gradient]);
    else this.ofParameters.push({ id, gradient });
  }

  /** Whether a sum over so many rows, of all samples, is made in one kernel. */
  isSummedAtOnce(id: ValueId, environment: Environment): boolean {
    return isSummedAtOnce(this.numRows(id, environment));
  }

  /** Whether the kernel that makes rows sums them too: many of them, of which none is padded. */
  isSummedWithRows(id: ValueId, environment: Environment): boolean {
    return !this.isSummedAtOnce(id, environment) && partsOf(this.numRows(id, environment)).isExact;
  }

  /** Whether rows are padded for their sum as they are for a product: XLA pads them once. */
  arePaddedAlike(id: ValueId, environment: Environment): boolean {
    const rows = this.numRows(id, environment);
    const { count, rowsOfEach, isExact } = partsOf(rows);
    const { padding } = this.lowering.gemm;
    const isPaddedAlike = count * rowsOfEach === Math.ceil(rows / padding) * padding;
    return !isExact && !this.isSummedAtOnce(id, environment) && isPaddedAlike;
  }

  /**
   * The gradient of a bias, or of a norm's scale or offset: what is read, summed over the rows of `rowsOf`. Where there are many, a first kernel
   * leaves parts (`column-sums.ts`), and may have other results; the second one adds these up.
   */
  sum(
    id: ValueId,
    rowsOf: ValueId,
    reads: readonly BufferId[],
    environment: Environment,
    isOfRows = false,
    bytesBeside?: number,
  ): BufferId {
    const { schedule, isOrdered } = this.lowering;
    if (isOrdered && isOfRows) return this.sumOfRows(id, rowsOf, reads, environment);
    if (isOrdered && this.isSummedAtOnce(rowsOf, environment)) return this.inF32(id, reads);
    const first = this.partsOf(id, rowsOf, environment);
    schedule.run(this.nameOf(id), reads, [first], undefined, undefined, bytesBeside);
    this.summed(id, rowsOf, first, environment);
    return first;
  }

  /** Of each channel, which is a row per sample: a long one in two kernels. */
  private sumOfRows(id: ValueId, rowsOf: ValueId, reads: readonly BufferId[], environment: Environment): BufferId {
    const { schedule, program, gemm, sizes } = this.lowering;
    const { shape } = program.values[id]!;
    const ofRow = numElements(this.forward.shape(rowsOf, environment).slice(0, 1), sizes!);
    const numRows = numElements(shape, sizes!);
    const numSummed = this.numRows(rowsOf, environment);
    if (ofRow <= mostSummedAtOnce) return this.inF32(id, reads, numSummed);
    const { count } = partsOf(ofRow);
    const parts = schedule.buffer([constant(count), ...shape], gemm.elementBytes);
    schedule.run(this.nameOf(id), reads, [parts], undefined, undefined, bytesOfRowSums(numSummed * numRows, numRows));
    const numBlocks = Math.ceil(numRows / rowsOfBlock);
    const bytesRead = count * numRows * gemm.elementBytes * Math.max(1, blocksAtFullSpeed / numBlocks);
    return this.inF32(id, [parts], count, bytesRead, numBlocks);
  }

  /** After the first kernel. */
  summed(id: ValueId, rowsOf: ValueId, first: BufferId, environment: Environment): void {
    if (!this.lowering.isOrdered) {
      this.made(id, first);
      return;
    }
    const { program, gemm, sizes } = this.lowering;
    const { count } = partsOf(this.numRows(rowsOf, environment));
    this.inF32(id, [first], undefined, count * gemm.elementBytes * numElements(program.values[id]!.shape, sizes!));
  }

  private numRows(id: ValueId, environment: Environment): number {
    return numElements(this.forward.shape(id, environment).slice(0, 2), this.lowering.sizes!);
  }

  /** `ofEach`: numbers of each row that is added up to one. */
  private inF32(
    id: ValueId,
    reads: readonly BufferId[],
    ofEach?: number,
    bytesRead?: number,
    numBlocks?: number,
  ): BufferId {
    const { schedule, program, isOrdered, sizes } = this.lowering;
    const { shape } = program.values[id]!;
    const gradient = schedule.buffer(shape, 4, 'gradient');
    const isSum = isOrdered && ofEach === undefined && shape.length === 1;
    const kind = isSum ? 'columns' : ofEach === undefined ? 'convert' : undefined;
    const rows = isOrdered ? numElements(shape, sizes!) : 0;
    const beside = ofEach === undefined ? undefined : bytesOfRowSums(ofEach * rows, numBlocks ?? rows);
    schedule.run(`${this.nameOf(id)} in f32`, reads, [gradient], kind, bytesRead, beside);
    this.ofParameters.push({ id, gradient });
    return gradient;
  }

  nameOf(id: ValueId): string {
    return `gradient of ${this.forward.name(id)}`;
  }
}
