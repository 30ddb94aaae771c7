/** Products and arrays of attention in dense blocks (`block-attention.ts`). */
import type { OperationOf } from '../../ir/operations.js';
import type { Dimensions, Shape } from '../../ir/shape.js';
import { logitsShape, rowsOfOperands } from './attention-arrays.js';
import type { Forward } from './forward.js';
import type { BufferId } from './kernel.js';
import type { Lowering } from './lowering.js';
import { type Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

/** A block looks at itself, the next and the previous one; or at all nodes at once. */
export const looksOf = ({ variant }: Pick<OperationOf<'blockAttention'>, 'variant'>): number =>
  variant === 'mha' ? 1 : 3;

export class AttentionProducts {
  constructor(
    protected readonly lowering: Lowering,
    protected readonly forward: Forward,
    protected readonly sizes: Dimensions,
  ) {}

  protected finish(
    attention: OperationOf<'blockAttention'>,
    weights: readonly BufferId[],
    values: readonly BufferId[],
    environment: Environment,
    arePadded = false,
  ) {
    const pads = this.isPadded && attention.variant !== 'mha' && !arePadded;
    environment.setValue(attention.output, this.products('weighted values', weights, values, pads));
  }

  /** One product each, whose sum its reader computes. `pads`: each left factor is padded right before its product. */
  protected products(
    name: string,
    left: readonly BufferId[],
    right: readonly BufferId[],
    pads = false,
  ): Representation {
    const results = left.map((each, index) => {
      const operand = pads ? this.array(logitsShape) : each;
      if (pads) this.lowering.schedule.run('padded copy', [each], [operand]);
      return inBuffer(this.product(name, [operand, right[index % right.length]!], rowsOfOperands));
    });
    return fusedIntoReaders(...results);
  }

  protected product(name: string, reads: readonly BufferId[], shape: Shape): BufferId {
    const result = this.array(shape);
    this.forward.product(name, reads, result);
    return result;
  }

  protected copy(name: string, from: readonly BufferId[]): BufferId {
    return this.copies(name, 1, from)[0]!;
  }

  protected copies(name: string, count: number, from: readonly BufferId[]): readonly BufferId[] {
    const copies = this.arrays(count, rowsOfOperands);
    this.lowering.schedule.run(name, from, copies);
    return copies;
  }

  protected arrays(count: number, shape: Shape, elementBytes?: number): readonly BufferId[] {
    return Array.from({ length: count }, () => this.array(shape, elementBytes));
  }

  protected array(shape: Shape, elementBytes = this.elementBytes): BufferId {
    return this.forward.array(shape, elementBytes);
  }

  /**
   * Several samples are an axis of every product, which reads its operands as they lie and padded by the kernel that writes them; one is none,
   * and its operands lie transposed.
   */
  protected get hasSamples(): boolean {
    return this.sizes.batch! > 1;
  }

  /** bf16 products read copies whose rows and columns are multiples of 8. */
  protected get isPadded(): boolean {
    return this.lowering.gemm.padding > 1;
  }

  protected get elementBytes(): number {
    return this.lowering.gemm.elementBytes;
  }
}
