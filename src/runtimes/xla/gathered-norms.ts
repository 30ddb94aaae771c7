/** The kernels of a norm's gradient in bf16 where what comes in is only gathered from nodes (`waiting-norms.ts`). */
import type { ValueId } from '../../ir/types.js';
import { blockBytes } from './column-sums.js';
import { type GatheredRows, type Gathering, gatheringOf } from './gather-or-norm.js';
import type { BufferId } from './kernel.js';
import { bytesOfRead, launchBytes } from './kernel-times.js';
import { NormKernels } from './norm-kernels.js';
import { operationsOfStatistics, productReads, type Rows } from './norm-times.js';
import { castsOf } from './row-statistics.js';
import { fusedIntoReaders, inBuffer, type Representation } from './values.js';

/** Of a number, cycles that XLA counts (its log): for the sums of its rows, with what is gathered, and with the sums of its columns. */
const operationsOfGathered = { rows: 21, written: 36, columns: 42 } as const;

/**
 * Launches that a plain sum of the rows may take for what is gathered to be computed in it, read off compiled steps: of 96 columns and 1,962 edges
 * (3.0) it is and of 64 (4.0) it is not, of a decoder's 3,600 edges of 96 (5.5) it is and of 64 (7.3) it is not, nor in seven steps above.
 */
const mostInSum = { encoder: 3.5, decoder: 6.5 } as const;

export class GatheredNorms extends NormKernels {
  /**
   * In bf16 what is gathered is computed by its readers, but where few rows are padded, or where that is slow (`gather-or-norm.ts`). First a row's
   * two sums, then the normalised rows, then the gradient: with all sums, the bias's among them, where its rows serve as the next product's operand,
   * or are few and fill a block each; else in the padded operand, and the sums apart, for which the normalised rows stay.
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
    if (isSummedAtOnce && !this.isSummedFast(rows)) {
      const incoming = this.rows(input, environment);
      if (this.isOfEncoder(operation.input)) {
        schedule.run(this.nameOf(operation.output), terms, [incoming]);
        return this.withSums({ ...rows, terms: [incoming] });
      }
      this.sums(rows, [], [incoming]);
      return this.ofInput({ ...rows, terms: [incoming] });
    }
    if (isSummedAtOnce) {
      const product = this.rows(input, environment);
      const sum = sumOf(offset);
      this.gradients.ofParameters.push({ id: offset, gradient: sum });
      if (!serves && this.isOfEncoder(operation.input)) {
        const incoming = this.rows(input, environment);
        schedule.run(this.nameOf(offset), terms, [sum], 'columns', bytes);
        const bytesRead = this.bytesOfTerms(rows, 2) + bytesOfRead(2 * bytes, bytes) + this.bytesOfNumbers(rows, 10);
        schedule.run(this.nameOf(scale), reads, [rowSums[0]!, product, incoming], undefined, bytesRead);
        this.gradients.sum(scale, input, [product], environment);
        return this.ofInput({ ...rows, terms: [incoming], saved: [...saved, rowSums[0]!] });
      }
      const bytesRead = this.bytesOfTerms(rows, 3) + bytesOfRead(2 * bytes, bytes) + this.bytesOfNumbers(rows, 12);
      const operations = operationsOfGathered.written + 2 * operationsOfStatistics;
      const computed = this.computingBeside(rows, operations, bytesRead + bytes);
      schedule.run(this.nameOf(scale), reads, [...rowSums, product], undefined, bytesRead, computed);
      const normalised = this.triton(input, [...saved, ...rowSums], environment);
      const gradient = this.rows(input, environment);
      const all = [normalised, ...reads, ...rowSums];
      const beside = this.computingColumns(rows, 3);
      schedule.run(this.nameOf(input), all, [sum, gradient], 'columns', (productReads + 3) * bytes, beside);
      this.gradients.sum(scale, input, [product], environment);
      return fusedIntoReaders(inBuffer(gradient));
    }
    const gathering = this.gatheringOf(rows);
    if (gathering !== 'computed') return this.writtenFirst(rows, gathering);
    const ofSums = this.bytesOfTerms(rows, 2) + bytes + this.bytesOfNumbers(rows, 4);
    const name = `sums of rows for ${this.nameOf(input)}`;
    schedule.run(name, reads, rowSums, undefined, ofSums, this.computing(rows, operationsOfGathered.rows));
    const normalised = this.triton(input, [...saved, ...rowSums], environment);
    const parameters = [scale, offset, ...(bias === undefined ? [] : [bias])];
    const sums = parameters.map((id) => this.gradients.partsOf(id, input, environment));
    const summed = () => {
      for (const [index, id] of parameters.entries()) this.gradients.summed(id, input, sums[index]!, environment);
      this.gradients.biasIsSummed.add(input);
    };
    const blocks = this.blocks(rows);
    const numSums = parameters.length;
    const fillsBlock = this.rowBytesOf(input, environment) === blockBytes;
    if (serves || (fillsBlock && this.isSmall(input, environment))) {
      const gradient = this.rows(input, environment);
      const all = [normalised, ...rowSums, ...reads];
      const ofRows = bytesOfRead(2 * bytes, bytes, blocks) + bytes;
      const bytesRead = this.bytesOfTerms(rows, 1 + numSums, blocks) + ofRows + this.bytesOfNumbers(rows, 8, blocks);
      const beside = this.computing(rows, operationsOfGathered.columns);
      schedule.run(this.nameOf(input), all, [gradient, ...sums], undefined, bytesRead, beside);
      summed();
      return fusedIntoReaders(inBuffer(gradient));
    }
    const operand = this.forward.array(this.forward.gemmShapeOf(input, environment));
    const ofOperand = this.bytesOfTerms(rows, 1) + bytes + this.bytesOfNumbers(rows, 3);
    schedule.run(this.nameOf(input), [normalised, ...rowSums, ...terms], [operand], undefined, ofOperand);
    const ofRows = this.bytesOfTerms(rows, numSums, blocks) + 2 * bytes + this.bytesOfNumbers(rows, 7, blocks);
    schedule.run(this.nameOf(scale), [normalised, ...rowSums, ...reads], sums, undefined, ofRows);
    summed();
    return inBuffer(operand);
  }

  private gatheringOf(rows: Rows): Gathering {
    const { operation, terms, bytes } = rows;
    const { schedule, sizes } = this.lowering;
    const { numRows, samples, exact } = this.parts(rows);
    return gatheringOf({
      count: numRows * samples,
      bytes,
      sourceBytes: terms.reduce((sum, id) => sum + schedule.bytesOf(id, sizes!), 0),
      isCast: this.isOfEncoder(operation.input),
      numBlocks: this.blocks(rows),
      isPadded: !exact,
      factorBytes: this.factorBytes(rows),
    });
  }

  private factorBytes(rows: Rows): GatheredRows['factorBytes'] {
    const { operation, environment, bytes } = rows;
    const { deviation } = castsOf(operation.input, environment, this.lowering, this.forward);
    return {
      deviation: this.bytesOfNumbers(rows, deviation ? 1 : 4 / this.lowering.gemm.elementBytes),
      scale: bytesOfRead(bytes, this.rowBytesOf(operation.input, environment)),
    };
  }

  /** By a kernel that sums too, for Triton's. */
  private writtenFirst(rows: Rows, gathering: Gathering): Representation {
    const { operation, terms, saved, environment, bytes } = rows;
    const { input, scale, offset, output } = operation;
    const { schedule } = this.lowering;
    const incoming = this.rows(input, environment);
    const reads = [...terms, ...saved];
    const written = { ...rows, terms: [incoming] };
    if (gathering === 'withRowSum') {
      const rowSum = this.rowSum(rows);
      const bytesRead = this.bytesOfTerms(rows, 2) + bytes + this.bytesOfNumbers(rows, 6);
      const beside = this.computing(rows, operationsOfGathered.written);
      schedule.run(this.nameOf(output), reads, [rowSum, incoming], undefined, bytesRead, beside);
      this.sums(rows, [], []);
      return this.ofInput({ ...written, saved: [...saved, rowSum] });
    }
    // Rows that are padded for their sum are read by it alone.
    if (!this.gradients.isSummedWithRows(input, environment)) {
      schedule.run(this.nameOf(output), terms, [incoming]);
      return this.withSums(written);
    }
    const parts = [scale, offset].map((id) => this.gradients.partsOf(id, input, environment));
    const isWhole = gathering === 'forAll';
    const times = isWhole ? 1 : 3;
    const factors = this.factorBytes(rows);
    const ofProduct = isWhole ? 0 : factors.deviation + factors.scale;
    const ofSums = bytes + this.besideSums(rows, times, 0);
    const bytesRead = this.bytesOfTerms(rows, times, this.blocks(rows)) + ofSums + ofProduct;
    schedule.run(this.nameOf(output), reads, [incoming, ...parts], undefined, bytesRead);
    this.summed(rows, parts);
    if (isWhole) return this.ofInput(written);
    const rowSum = this.rowSum(rows);
    const ofRowSum = this.bytesOfTerms(rows, 1) + bytes + this.bytesOfNumbers(rows, 3);
    schedule.run(`sums of rows for ${this.nameOf(input)}`, reads, [rowSum], undefined, ofRowSum);
    return this.ofInput({ ...written, saved: [...saved, rowSum] });
  }

  /** What is gathered is computed in the sum of its columns where that takes few launches, and else written. */
  private isSummedFast({ operation, environment, bytes }: Rows): boolean {
    const launches = (bytes * this.slowness(operation.input, environment)) / launchBytes;
    return launches < (this.isOfEncoder(operation.input) ? mostInSum.encoder : mostInSum.decoder);
  }

  /** The encoder's aggregate is f32: what is gathered is cast, and where rows fill no blocks written. */
  protected isOfEncoder(edges: ValueId): boolean {
    return this.lowering.program.values[edges]!.shape[0]!.symbol === 'grid2meshEdges';
  }

  private rowSum({ operation: { input }, environment }: Rows): BufferId {
    return this.forward.array(this.forward.shape(input, environment).slice(0, 2));
  }
}
