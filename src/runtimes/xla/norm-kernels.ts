/**
 * The kernels of a norm's gradient where its sums may wait (`waiting-norms.ts`): that of its input, by Triton (softmax_rewriter_triton.cc), and
 * the sums for scale and offset.
 */
import type { OperationOf } from '../../ir/operations.js';
import { numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { blockBytes, partsOf, slownessOfColumns, speedupOfRowNumbers } from './column-sums.js';
import type { Forward, Lowering } from './forward.js';
import type { Gradients } from './gradients.js';
import { bytesOfOperation, bytesOfRead, launchBytes } from './kernel-times.js';
import type { BufferId } from './schedule.js';
import { type Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

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
const productReads = 1 + (2 * 4) / 2;
/** XLA counts so many operations for a number that is scaled with its row's statistics (its log), by bytes of a number. */
const operationsOfNorm: Readonly<Record<number, number>> = { 2: 30, 4: 87 };
/** An array that is read again counts as much (`schedule.ts`). */
const readAgain = 0.4;
/**
 * Triton sums columns itself where a block's rows, both sides padded to powers of two, fit in its share of the registers
 * (gpu_indexing_performance_model.cc, `DoesTileFitsInRegisters`; an H100's block has 65,536).
 */
const mostInTile = 0.4 * 65_536;
const nextPowerOfTwo = (size: number): number => 2 ** Math.ceil(Math.log2(size));

export class NormKernels {
  constructor(
    protected readonly lowering: Lowering,
    protected readonly forward: Forward,
    protected readonly gradients: Gradients,
    private readonly linearBefore: ReadonlyMap<ValueId, OperationOf<'linear'>>,
  ) {}

  /** A launch costs more than to write the rows and read them again. */
  isSmall(id: ValueId, environment: Environment): boolean {
    return 2 * this.launchesOf(id, environment) < 1;
  }

  /** How long its array takes to read, in launches of a kernel. */
  launchesOf(id: ValueId, environment: Environment): number {
    return this.bytesOf(id, environment) / launchBytes;
  }

  /**
   * Whether the kernel that sums adds the arrays up too, and writes their sum (multi_output_fusion.cc). It reads each for both sums, in bf16, and
   * saves a kernel, and that what it has written is read for them (gpu_performance_model.cc, `EstimateRunTimes`).
   */
  protected addsWithSums({ terms, bytes }: Rows): boolean {
    if (this.inF32) return true;
    const { schedule, sizes } = this.lowering;
    const again = (arrayBytes: number) => bytesOfRead(2 * bytes, arrayBytes) - bytesOfRead(bytes, arrayBytes);
    const more = terms.reduce((sum, term) => sum + again(schedule.bytesOf(term, sizes!)), 0);
    return more - bytesOfRead(2 * bytes, bytes) <= launchBytes;
  }

  /** Whether all three readers add the arrays up: both sums and the gradient of the input. Which Triton makes, that gathers nothing. */
  protected isAddedByReaders({ terms, bytes }: Rows): boolean {
    const [num, numReaders] = [terms.length, 3];
    return launchBytes + bytes * (num + 1 - numReaders * (num - 1)) > 0;
  }

  protected addedWithSums(rows: Rows, incoming: BufferId): Representation {
    const { operation, terms, saved, environment } = rows;
    if (this.inF32) {
      const part = this.gradients.partsOf(operation.offset, operation.input, rows.environment);
      const bytesRead = terms.length * (1 + readAgain) * rows.bytes;
      this.lowering.schedule.run(this.nameOf(operation.output), terms, [incoming, part], undefined, bytesRead);
      this.gradients.summed(operation.offset, operation.input, part, environment);
      return this.afterOffset({ ...rows, terms: [incoming] });
    }
    const { scale, offset, input } = operation;
    const parts = [scale, offset].map((id) => this.gradients.partsOf(id, input, rows.environment));
    const bytesRead = (1 + terms.length * (1 + 2 * readAgain)) * rows.bytes;
    const name = this.nameOf(operation.output);
    this.lowering.schedule.run(name, [...terms, ...saved], [incoming, ...parts], undefined, bytesRead);
    this.summed(rows, parts);
    return this.ofInput({ ...rows, terms: [incoming] });
  }

  protected withSums(rows: Rows): Representation {
    this.sums(rows, [], []);
    return this.inF32 ? this.afterOffset(rows) : this.ofInput(rows);
  }

  /** Both sums, or in f32 that for the offset, and what is added up beside them. */
  protected sums(rows: Rows, added: readonly BufferId[], writes: readonly BufferId[]): void {
    const { operation, terms, saved, environment, bytes, isSummedAtOnce } = rows;
    const { input, scale, offset } = operation;
    const { schedule, program } = this.lowering;
    const name = this.nameOf(offset);
    const again = this.inF32 && writes.length === 0 ? [] : terms;
    if (!isSummedAtOnce) {
      const ids = this.inF32 ? [offset] : [scale, offset];
      const parts = ids.map((id) => this.gradients.partsOf(id, input, environment));
      const reads = [...terms, ...(this.inF32 ? [] : saved), ...again, ...added];
      const beside = this.inF32 ? 0 : 2 * this.rowNumberBytes(rows) + this.computing(rows);
      schedule.run(name, reads, [...writes, ...parts], undefined, undefined, beside);
      for (const [index, id] of ids.entries()) this.gradients.summed(id, input, parts[index]!, environment);
      return;
    }
    const numReads = terms.length + again.length + (added.length > 0 ? 1 : 0);
    const sum = schedule.buffer(program.values[offset]!.shape, 4, 'gradient');
    if (this.inF32) {
      schedule.run(name, [...terms, ...added], [sum, ...writes], 'columns', numReads * bytes);
      this.gradients.ofParameters.push({ id: offset, gradient: sum });
      return;
    }
    const product = this.rows(input, environment);
    const reads = [...terms, ...saved, ...added];
    schedule.run(name, reads, [product, sum, ...writes], 'columns', (numReads + productReads) * bytes);
    this.gradients.ofParameters.push({ id: offset, gradient: sum });
    this.gradients.sum(scale, input, [product], environment);
  }

  /** In f32 the scale's sum is of products that Triton computes; it sums small parts itself. */
  protected afterOffset(rows: Rows): Representation {
    const { operation, terms, saved, environment, isSummedAtOnce } = rows;
    const { input, scale } = operation;
    const { schedule } = this.lowering;
    const reads = [...terms, ...saved];
    const { exact, rowsOfEach, samples } = this.parts(rows);
    const tile = nextPowerOfTwo(rowsOfEach) * nextPowerOfTwo(this.columnsOf(input, environment));
    if (!isSummedAtOnce && exact && samples === 1 && tile <= mostInTile) {
      const part = this.gradients.partsOf(scale, input, environment);
      schedule.run(this.nameOf(scale), reads, [part], 'triton');
      this.gradients.summed(scale, input, part, environment);
      return this.ofInput(rows);
    }
    const product = this.rows(input, environment);
    schedule.run(this.nameOf(scale), reads, [product], 'triton');
    const beside = isSummedAtOnce ? 0 : this.rowNumberBytes(rows) + this.computing(rows);
    this.gradients.sum(scale, input, [product], environment, false, beside);
    if (isSummedAtOnce) return this.ofInput(rows);
    return this.ofInput({ ...rows, saved: [...saved, product] });
  }

  /** What is gathered from nodes, written with the sum of it. */
  protected gatherWithOffset(rows: Rows): Rows {
    const { operation, terms, environment, bytes, isSummedAtOnce } = rows;
    const { schedule, program } = this.lowering;
    const gathered = this.rows(operation.input, environment);
    const name = this.nameOf(operation.output);
    if (isSummedAtOnce) {
      const sum = schedule.buffer(program.values[operation.offset]!.shape, 4, 'gradient');
      schedule.run(name, terms, [gathered, sum], 'columns', 2 * bytes);
      this.gradients.ofParameters.push({ id: operation.offset, gradient: sum });
    } else if (!this.parts(rows).exact) {
      schedule.run(name, terms, [gathered], undefined, bytes);
      this.gradients.sum(operation.offset, operation.input, [gathered], environment);
    } else {
      const part = this.gradients.partsOf(operation.offset, operation.input, rows.environment);
      schedule.run(name, terms, [gathered, part], undefined, 2 * bytes);
      this.gradients.summed(operation.offset, operation.input, part, environment);
    }
    return { ...rows, terms: [gathered] };
  }

  /**
   * In bf16 what is gathered is never written, but where few rows are padded. First a row's two sums, then the normalised rows, then the
   * gradient: with all sums, the bias's among them, where its rows serve as the next product's operand, or are few and fill a block each;
   * else in the padded operand, and the sums apart, for which the normalised rows stay.
   */
  protected gathered(rows: Rows): Representation {
    const { operation, terms, saved, environment, bytes, isSummedAtOnce } = rows;
    const { input, scale, offset } = operation;
    const { schedule, program } = this.lowering;
    const { bias } = this.linearBefore.get(input)!;
    const serves = this.forward.servesAsOperand(this.forward.rows(input, environment));
    const rowSums = [this.rowSum(rows), this.rowSum(rows)];
    const reads = [...terms, ...saved];
    const sumOf = (id: ValueId) => schedule.buffer(program.values[id]!.shape, 4, 'gradient');
    if (isSummedAtOnce) {
      const product = this.rows(input, environment);
      const sum = sumOf(offset);
      this.gradients.ofParameters.push({ id: offset, gradient: sum });
      if (!serves && this.isFromEncoder(operation)) {
        const incoming = this.rows(input, environment);
        schedule.run(this.nameOf(offset), terms, [sum], 'columns', bytes);
        schedule.run(this.nameOf(scale), reads, [rowSums[0]!, product, incoming]);
        this.gradients.sum(scale, input, [product], environment);
        return this.ofInput({ ...rows, terms: [incoming], saved: [...saved, rowSums[0]!] });
      }
      schedule.run(this.nameOf(scale), reads, [...rowSums, product]);
      const normalised = this.triton(input, [...saved, ...rowSums], environment);
      const gradient = this.rows(input, environment);
      const all = [normalised, ...reads, ...rowSums];
      schedule.run(this.nameOf(input), all, [sum, gradient], 'columns', (productReads + 3) * bytes);
      this.gradients.sum(scale, input, [product], environment);
      return fusedIntoReaders(inBuffer(gradient));
    }
    if (serves && this.isFromEncoder(operation)) {
      const incoming = this.rows(input, environment);
      schedule.run(this.nameOf(operation.output), reads, [rowSums[0]!, incoming], undefined, 2 * bytes);
      return this.withSums({ ...rows, terms: [incoming], saved: [...saved, rowSums[0]!] });
    }
    schedule.run(`sums of rows for ${this.nameOf(input)}`, reads, rowSums, undefined, 2 * bytes);
    const normalised = this.triton(input, [...saved, ...rowSums], environment);
    const parameters = [scale, offset, ...(bias === undefined ? [] : [bias])];
    const sums = parameters.map((id) => this.gradients.partsOf(id, input, environment));
    const summed = () => {
      for (const [index, id] of parameters.entries()) this.gradients.summed(id, input, sums[index]!, environment);
      this.gradients.biasIsSummed.add(input);
    };
    const readByEach = 2 * readAgain * parameters.length;
    const fillsBlock = this.rowBytesOf(input, environment) === blockBytes;
    if (serves || (fillsBlock && this.isSmall(input, environment))) {
      const gradient = this.rows(input, environment);
      const all = [normalised, ...rowSums, ...reads];
      schedule.run(this.nameOf(input), all, [gradient, ...sums], undefined, (3 + readByEach) * bytes);
      summed();
      return fusedIntoReaders(inBuffer(gradient));
    }
    const operand = this.forward.array(this.forward.gemmShapeOf(input, environment));
    schedule.run(this.nameOf(input), [normalised, ...rowSums, ...terms], [operand], undefined, 2 * bytes);
    schedule.run(this.nameOf(scale), [normalised, ...rowSums, ...reads], sums, undefined, (2 + readByEach) * bytes);
    summed();
    return inBuffer(operand);
  }

  /** The encoder's aggregate is f32: what is gathered is cast, and where rows fill no blocks written. */
  private isFromEncoder({ input }: OperationOf<'layerNorm'>): boolean {
    return this.lowering.program.values[input]!.shape[0]!.symbol === 'grid2meshEdges';
  }

  protected ofInput({ operation: { input }, terms, saved, environment }: Rows): Representation {
    return fusedIntoReaders(inBuffer(this.triton(input, [...terms, ...saved], environment)));
  }

  private triton(input: ValueId, reads: readonly BufferId[], environment: Environment): BufferId {
    const rows = this.rows(input, environment);
    this.lowering.schedule.run(this.nameOf(input), reads, [rows], 'triton');
    return rows;
  }

  private summed({ operation: { input, scale, offset }, environment }: Rows, parts: readonly BufferId[]): void {
    for (const [index, id] of [scale, offset].entries()) this.gradients.summed(id, input, parts[index]!, environment);
  }

  /** What it costs to read one of a row's statistics for each of its columns. */
  private rowNumberBytes(rows: Rows): number {
    const { operation, environment, bytes } = rows;
    const { samples, numRows } = this.parts(rows);
    const { elementBytes } = this.lowering.gemm;
    const columns = this.columnsOf(operation.input, environment);
    return bytes / speedupOfRowNumbers(numRows * samples, columns, elementBytes);
  }

  private computing({ operation: { input }, environment }: Rows): number {
    const { elementBytes } = this.lowering.gemm;
    const shape = this.forward.shape(input, environment);
    return numElements(shape, this.lowering.sizes!) * operationsOfNorm[elementBytes]! * bytesOfOperation;
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

  private rowSum({ operation: { input }, environment }: Rows): BufferId {
    return this.forward.array(this.forward.shape(input, environment).slice(0, 2));
  }

  protected rows(id: ValueId, environment: Environment): BufferId {
    return this.forward.array(this.forward.shape(id, environment));
  }

  protected bytesOf(id: ValueId, environment: Environment): number {
    return numElements(this.forward.shape(id, environment), this.lowering.sizes!) * this.lowering.gemm.elementBytes;
  }

  private columnsOf(id: ValueId, environment: Environment): number {
    return numElements([this.forward.shape(id, environment).at(-1)!], this.lowering.sizes!);
  }

  private rowBytesOf(id: ValueId, environment: Environment): number {
    return this.columnsOf(id, environment) * this.lowering.gemm.elementBytes;
  }

  protected slowness(id: ValueId, environment: Environment): number {
    return slownessOfColumns(this.columnsOf(id, environment), this.lowering.gemm.elementBytes);
  }

  protected nameOf(id: ValueId): string {
    return this.gradients.nameOf(id);
  }

  protected get inF32(): boolean {
    return this.lowering.gemm.elementBytes === 4 && this.lowering.gemm.hasTriton;
  }
}
