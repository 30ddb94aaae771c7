/**
 * The kernels of a norm's gradient where its sums may wait (`waiting-norms.ts`): that of its input, by Triton (softmax_rewriter_triton.cc), and
 * the sums for scale and offset.
 */
import type { OperationOf } from '../../ir/operations.js';
import { numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { blockBytes, partsOf, slownessOfColumns } from './column-sums.js';
import type { Forward, Lowering } from './forward.js';
import type { Gradients } from './gradients.js';
import { type BufferId, launchBytes } from './schedule.js';
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

/** Per row of bf16 that a sum of products reads in its few blocks: the normalised row, and two f32 statistics once per column. */
const productReads = 5;
/** An array that is read again counts as much (`schedule.ts`). */
const readAgain = 0.4;
const mostRowsInTriton = 128;
export class NormKernels {
  constructor(
    protected readonly lowering: Lowering,
    protected readonly forward: Forward,
    protected readonly gradients: Gradients,
    private readonly linearBefore: ReadonlyMap<ValueId, OperationOf<'linear'>>,
  ) {}

  /** A launch costs more than to write the rows and read them again. */
  isSmall(id: ValueId, environment: Environment): boolean {
    return 2 * this.bytesOf(id, environment) < launchBytes;
  }

  /** How many arrays XLA adds up in the kernel that sums: the fewer the larger they are. */
  protected addsWithSums({ terms, operation: { input }, environment, bytes }: Rows): boolean {
    if (this.inF32 || this.isSmall(input, environment)) return true;
    return terms.length <= (bytes < launchBytes ? 3 : 2);
  }

  protected addedWithSums(rows: Rows, incoming: BufferId): Representation {
    const { operation, terms, saved, environment } = rows;
    if (this.inF32) {
      const part = this.gradients.ofParameter(operation.offset);
      const bytesRead = terms.length * (1 + readAgain) * rows.bytes;
      this.lowering.schedule.run(this.nameOf(operation.output), terms, [incoming, part], undefined, bytesRead);
      this.gradients.summed(operation.offset, operation.input, part, environment);
      return this.afterOffset({ ...rows, terms: [incoming] });
    }
    const parts = [operation.scale, operation.offset].map((id) => this.gradients.ofParameter(id));
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
      const parts = ids.map((id) => this.gradients.ofParameter(id));
      schedule.run(name, [...terms, ...(this.inF32 ? [] : saved), ...again, ...added], [...writes, ...parts]);
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

  /** In f32 the scale's sum is of products that Triton computes; it sums parts of up to 128 rows itself. */
  protected afterOffset(rows: Rows): Representation {
    const { operation, terms, saved, environment, isSummedAtOnce } = rows;
    const { input, scale } = operation;
    const { schedule } = this.lowering;
    const reads = [...terms, ...saved];
    const { exact, rowsOfEach, samples } = this.parts(rows);
    if (!isSummedAtOnce && exact && samples === 1 && rowsOfEach <= mostRowsInTriton) {
      const part = this.gradients.ofParameter(scale);
      schedule.run(this.nameOf(scale), reads, [part], 'triton');
      this.gradients.summed(scale, input, part, environment);
      return this.ofInput(rows);
    }
    const product = this.rows(input, environment);
    schedule.run(this.nameOf(scale), reads, [product], 'triton');
    this.gradients.sum(scale, input, [product], environment);
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
    } else {
      const part = this.gradients.ofParameter(operation.offset);
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
      if (!serves) {
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
    const sums = parameters.map((id) => this.gradients.ofParameter(id));
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
    const [rows, , columns] = this.lowering.program.values[input]!.shape;
    return rows!.symbol === 'grid2meshEdges' && (2 * numElements([columns!], this.lowering.sizes!)) % blockBytes !== 0;
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

  protected parts({ operation: { input }, environment }: Rows): {
    readonly exact: boolean;
    readonly rowsOfEach: number;
    readonly samples: number;
  } {
    const [rows, samples] = this.forward
      .shape(input, environment)
      .slice(0, 2)
      .map((each) => numElements([each], this.lowering.sizes!)) as [number, number];
    const { isExact, rowsOfEach } = partsOf(rows * samples);
    return { exact: isExact, rowsOfEach, samples };
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
