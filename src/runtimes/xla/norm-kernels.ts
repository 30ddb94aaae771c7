/**
 * The kernels of a norm's gradient where its sums may wait (`waiting-norms.ts`): that of its input, by Triton (softmax_rewriter_triton.cc), and
 * the sums for scale and offset.
 */
import type { ValueId } from '../../ir/types.js';
import type { BufferId } from './kernel.js';
import { bytesOfRead, launchBytes } from './kernel-times.js';
import { NormTimes, productReads, type Rows } from './norm-times.js';
import { type Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

/**
 * Triton sums columns itself where a block's rows, both sides padded to powers of two, fit in its share of the registers
 * (gpu_indexing_performance_model.cc, `DoesTileFitsInRegisters`; an H100's block has 65,536).
 */
const mostInTile = 0.4 * 65_536;
const nextPowerOfTwo = (size: number): number => 2 ** Math.ceil(Math.log2(size));

export class NormKernels extends NormTimes {
  /**
   * Whether the kernel that sums adds the arrays up too, and writes their sum (multi_output_fusion.cc). It reads each for both sums, in bf16, and
   * saves a kernel, and that what it has written is read for them (gpu_performance_model.cc, `EstimateRunTimesForMultiOutputFusion`).
   */
  protected addsWithSums(rows: Rows): boolean {
    if (this.inF32) return true;
    const blocks = this.blocks(rows);
    const more = this.bytesOfTerms(rows, 2, blocks) - this.bytesOfTerms(rows, 1);
    return more - bytesOfRead(2 * rows.bytes, rows.bytes, blocks) <= launchBytes;
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
      const bytesRead = this.bytesOfTerms(rows, 2, this.blocks(rows));
      this.lowering.schedule.run(this.nameOf(operation.output), terms, [incoming, part], undefined, bytesRead);
      this.gradients.summed(operation.offset, operation.input, part, environment);
      return this.afterOffset({ ...rows, terms: [incoming] });
    }
    const { scale, offset, input } = operation;
    const parts = [scale, offset].map((id) => this.gradients.partsOf(id, input, rows.environment));
    const bytesRead = this.bytesOfTerms(rows, 3, this.blocks(rows)) + rows.bytes + this.besideSums(rows, 3, 0);
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
      const times = ids.length + Math.min(1, writes.length);
      const ofEach = Array.from({ length: times }, () => terms).flat();
      const reads = [...ofEach, ...(this.inF32 ? [] : saved), ...writes.flatMap(() => added)];
      const numAdded = writes.length * added.length;
      const beside = this.inF32 ? 0 : bytes + this.besideSums(rows, times, numAdded);
      const bytesRead = this.bytesOfTerms(rows, times, this.blocks(rows)) + numAdded * bytes;
      schedule.run(name, reads, [...writes, ...parts], undefined, bytesRead, beside);
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
    const beside = this.computingColumns(rows, 2 * (terms.length - 1) + Math.min(1, added.length));
    schedule.run(name, reads, [product, sum, ...writes], 'columns', (numReads + productReads) * bytes, beside);
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
    const beside = isSummedAtOnce ? 0 : this.besideProduct(rows);
    this.gradients.sum(scale, input, [product], environment, false, beside);
    if (isSummedAtOnce) return this.ofInput(rows);
    return this.ofInput({ ...rows, saved: [...saved, product] });
  }

  /** What is gathered from nodes, written with the sum of it; of few rows behind a barrier, where XLA compares indices (`hasMask`), before it. */
  protected gatherWithOffset(rows: Rows): Rows {
    const { operation, terms, environment, bytes, isSummedAtOnce } = rows;
    const { schedule, program } = this.lowering;
    const gathered = this.rows(operation.input, environment);
    const name = this.nameOf(operation.output);
    if (isSummedAtOnce && environment.isBehind) {
      schedule.run(name, terms, [gathered], undefined, this.bytesOfTerms(rows, 1));
      this.gradients.sum(operation.offset, operation.input, [gathered], environment);
    } else if (isSummedAtOnce) {
      const sum = schedule.buffer(program.values[operation.offset]!.shape, 4, 'gradient');
      schedule.run(name, terms, [gathered, sum], 'columns', 2 * bytes);
      this.gradients.ofParameters.push({ id: operation.offset, gradient: sum });
    } else if (!this.parts(rows).exact) {
      schedule.run(name, terms, [gathered], undefined, this.bytesOfTerms(rows, 1));
      this.gradients.sum(operation.offset, operation.input, [gathered], environment);
    } else {
      const part = this.gradients.partsOf(operation.offset, operation.input, rows.environment);
      schedule.run(name, terms, [gathered, part], undefined, this.bytesOfTerms(rows, 2, this.blocks(rows)));
      this.gradients.summed(operation.offset, operation.input, part, environment);
    }
    return { ...rows, terms: [gathered] };
  }

  protected ofInput({ operation: { input }, terms, saved, environment }: Rows): Representation {
    return fusedIntoReaders(inBuffer(this.triton(input, [...terms, ...saved], environment)));
  }

  protected triton(input: ValueId, reads: readonly BufferId[], environment: Environment): BufferId {
    const rows = this.rows(input, environment);
    this.lowering.schedule.run(this.nameOf(input), reads, [rows], 'triton');
    return rows;
  }

  protected summed({ operation: { input, scale, offset }, environment }: Rows, parts: readonly BufferId[]): void {
    for (const [index, id] of [scale, offset].entries()) this.gradients.summed(id, input, parts[index]!, environment);
  }

  protected rows(id: ValueId, environment: Environment): BufferId {
    return this.forward.array(this.forward.shape(id, environment));
  }

  protected nameOf(id: ValueId): string {
    return this.gradients.nameOf(id);
  }
}
