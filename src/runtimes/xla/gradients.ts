/** Gradients that wait for their operation: what has been added up for a value so far, as terms that may still be fused. */
import type { ValueId } from '../../ir/types.js';
import type { Forward, Lowering } from './forward.js';
import type { BufferId } from './schedule.js';
import { type Environment, fused, type Representation } from './values.js';

export interface ParameterGradient {
  readonly id: ValueId;
  readonly gradient: BufferId;
}

export class Gradients {
  private readonly terms = new Map<ValueId, Representation[]>();
  private readonly normalised = new Set<ValueId>();
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

  /** The buffer that the gradient of a parameter is written to; `made` when it is. */
  ofParameter(id: ValueId): BufferId {
    const { schedule, program, gemm, resultOf } = this.lowering;
    return resultOf?.(id) ?? schedule.buffer(program.values[id]!.shape, gemm.elementBytes, 'gradient');
  }

  /**
   * After the kernel that makes it. `jax.lax.pmean` takes it in f32, in which a product writes it where all is f32. A sum over rows
   * is made in two kernels, of which the second, which writes f32, adds up about the square root of them (tree_reduction_rewriter.cc).
   */
  made(id: ValueId, gradient: BufferId, sumOf: 'product' | number = 1): void {
    const { schedule, program, meets, gemm } = this.lowering;
    if (!meets || (sumOf === 'product' && gemm.elementBytes === 4)) {
      this.ofParameters.push({ id, gradient });
      return;
    }
    const inF32 = schedule.buffer(program.values[id]!.shape, 4, 'gradient');
    const numParts = sumOf === 'product' ? 1 : Math.round(Math.sqrt(sumOf));
    const reads = Array.from({ length: numParts }, () => gradient);
    schedule.run(`${this.nameOf(id)} in f32`, reads, [inF32]);
    this.ofParameters.push({ id, gradient: inF32 });
  }

  nameOf(id: ValueId): string {
    return `gradient of ${this.forward.name(id)}`;
  }
}
