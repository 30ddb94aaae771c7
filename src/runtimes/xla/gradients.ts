/** Gradients that wait for their operation: what has been added up for a value so far, as terms that may still be fused. */
import type { ValueId } from '../../ir/types.js';
import type { Forward, Lowering } from './forward.js';
import type { BufferId } from './schedule.js';
import { type Environment, fused, type Representation } from './values.js';

export class Gradients {
  private readonly terms = new Map<ValueId, Representation[]>();
  /** In the order in which they are made. */
  readonly ofParameters: BufferId[] = [];

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

  /** The sum of the terms. */
  of(id: ValueId): Representation {
    const terms = this.termsOf(id);
    return terms.length === 1 ? terms[0]! : fused(...terms);
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

  /** The buffer that the gradient of a parameter is written to. */
  ofParameter(id: ValueId): BufferId {
    const { schedule, program, gemm } = this.lowering;
    const { resultOf } = this.lowering;
    const buffer = resultOf?.(id) ?? schedule.buffer(program.values[id]!.shape, gemm.elementBytes, 'gradient');
    this.ofParameters.push(buffer);
    return buffer;
  }

  nameOf(id: ValueId): string {
    return `gradient of ${this.forward.name(id)}`;
  }
}
