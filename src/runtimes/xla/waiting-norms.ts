/**
 * Gradients of norms where the sums for scale and offset may wait behind the chain of activations (`latency-hiding.ts`): the gradient of the
 * input waits for none of them. Which sums are made with which additions is XLA's choice (priority_fusion.cc, multi_output_fusion.cc), read off
 * the kernels of twenty compiled steps.
 */
import type { OperationOf } from '../../ir/operations.js';
import type { ValueId } from '../../ir/types.js';
import { GatheredNorms } from './gathered-norms.js';
import type { BufferId } from './kernel.js';
import { launchBytes } from './kernel-times.js';
import type { Rows } from './norm-times.js';
import { buffersOf, type Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

/** Sums that no kernel has made yet. */
interface Pending {
  /** What they add up. */
  readonly terms: readonly BufferId[];
  /** To what the norm is added: its gradient may be made by the same kernel. */
  readonly into: ValueId;
  readonly run: (added: readonly BufferId[], writes: readonly BufferId[]) => void;
}

export class WaitingNorms extends GatheredNorms {
  private readonly residuals = new Map<ValueId, ValueId>();
  private pending: Pending[] = [];

  /** `norm` is added to `into`. */
  isAdded(norm: ValueId, into: ValueId): void {
    this.residuals.set(norm, into);
  }

  /** Whether each reader of a sum of two arrays adds them up itself: the slowest, a sum of columns, reads the second one within a launch. */
  isFused(sum: ValueId, environment: Environment): boolean {
    const rows = this.bytesOf(sum, environment) / launchBytes;
    const slowness = this.gradients.isSummedAtOnce(sum, environment) ? this.slowness(sum, environment) : 1;
    return rows * slowness < 1;
  }

  gradientOf(
    operation: OperationOf<'layerNorm'>,
    gradient: Representation,
    saved: Representation,
    environment: Environment,
    isGathered: boolean,
  ): Representation {
    const { input, output } = operation;
    const rows: Rows = {
      operation,
      terms: buffersOf(gradient),
      saved: buffersOf(saved),
      environment,
      bytes: this.bytesOf(input, environment),
      isSummedAtOnce: this.gradients.isSummedAtOnce(input, environment),
    };
    const isWritten = isGathered && environment.isBehind && !this.inF32;
    if (isGathered && !isWritten)
      return this.inF32 ? this.afterOffset(this.gatherWithOffset(rows)) : this.gathered(rows);
    const isOfEdges =
      isWritten || (rows.terms.length > 1 && this.lowering.program.values[output]!.shape[0]!.symbol === 'meshEdges');
    if (!isOfEdges) return this.withSumsLater(rows);
    const isGatheredToo = this.residuals.has(output);
    if (!isWritten && !isGatheredToo && this.isAddedByReaders(rows)) return this.withSums(rows);
    const incoming = this.rows(input, environment);
    const isPadded =
      !this.gradients.isSummedWithRows(input, environment) && !this.gradients.arePaddedAlike(input, environment);
    if (rows.isSummedAtOnce || isPadded || !this.addsWithSums(rows)) {
      this.lowering.schedule.run(this.nameOf(output), rows.terms, [incoming], undefined, this.bytesOfTerms(rows, 1));
      return this.withSums({ ...rows, terms: [incoming] });
    }
    return this.addedWithSums(rows, incoming);
  }

  /** The gradient of `nodes`, added up with the sums of the norm that is added to them; absent: no norm is, or its sums are made apart. */
  sumInto(nodes: ValueId, gradient: Representation, environment: Environment): BufferId | undefined {
    const found = this.take(nodes, gradient);
    if (found === undefined) return undefined;
    const sum = this.rows(nodes, environment);
    found.run(
      buffersOf(gradient).filter((read) => !found.terms.includes(read)),
      [sum],
    );
    return sum;
  }

  /** What edges gather their gradients from: the aggregate's, columns of a product, or where nothing else is added to much a slice of its own. */
  gatheredFrom(aggregate: ValueId, edges: ValueId, gradient: Representation, environment: Environment): Representation {
    // Behind a barrier what edges gather is written (`gradientOf`), straight from the product; what the encoder's gather is cast on the way.
    const isAlone = !this.inF32 && !this.gradients.has(edges) && !environment.isBehind;
    if (!isAlone || this.isOfEncoder(edges) || this.launchesOf(aggregate, environment) < 1)
      return fusedIntoReaders(gradient);
    const slice = this.rows(aggregate, environment);
    const reads = buffersOf(gradient);
    const found = this.pending.find(({ into }) => this.reads(into).some((read) => reads.includes(read)));
    if (found === undefined) this.lowering.schedule.run(this.nameOf(aggregate), reads, [slice]);
    else {
      this.pending = this.pending.filter((each) => each !== found);
      const sum = this.rows(found.into, environment);
      found.run(reads, [slice, sum]);
      this.gradients.set(found.into, [inBuffer(sum)]);
    }
    return fusedIntoReaders(inBuffer(slice));
  }

  /** Sums that nothing else was made with. */
  finish(): void {
    for (const { run } of this.pending.splice(0)) run([], []);
  }

  private take(into: ValueId, gradient: Representation): Pending | undefined {
    const reads = buffersOf(gradient);
    if (gradient.kind === 'buffer') return undefined;
    const found = this.pending.find((each) => each.into === into && each.terms.every((term) => reads.includes(term)));
    if (found !== undefined) this.pending = this.pending.filter((each) => each !== found);
    return found;
  }

  private reads(id: ValueId): readonly BufferId[] {
    return this.gradients.termsOf(id).flatMap(buffersOf);
  }

  private withSumsLater(rows: Rows): Representation {
    const { operation, terms, isSummedAtOnce } = rows;
    const into = this.residuals.get(operation.output);
    if (into !== undefined && (isSummedAtOnce || this.parts(rows).exact))
      this.pending.push({ terms, into, run: (added, writes) => this.sums(rows, added, writes) });
    else return this.withSums(rows);
    return this.inF32 ? this.afterOffset(rows) : this.ofInput(rows);
  }
}
