/** Where a value is while XLA runs the step: in a buffer of its own, or computed inside the kernels that read it. */
import type { Block } from '../../ir/forward-program.js';
import type { Operation } from '../../ir/operations.js';
import type { ValueId } from '../../ir/types.js';
import { edgeSlicesOf } from './edge-blocks.js';
import type { BufferId } from './kernel.js';
import { sliceRows } from './symbols.js';

export type Representation =
  | { readonly kind: 'buffer'; readonly buffer: BufferId }
  /** Fused into its consumers: each of them reads these buffers instead. */
  | { readonly kind: 'fused'; readonly reads: readonly BufferId[] };

export const inBuffer = (buffer: BufferId): Representation => ({ kind: 'buffer', buffer });
/** A value without an array: whoever reads it reads what its parts are computed from. */
export function fusedIntoReaders(...parts: readonly Representation[]): Representation {
  const [only] = parts;
  const reads = parts.length === 1 ? buffersOf(only!) : [...new Set(parts.flatMap(buffersOf))];
  return { kind: 'fused', reads };
}
export const buffersOf = (value: Representation): readonly BufferId[] =>
  value.kind === 'buffer' ? [value.buffer] : value.reads;

/** Rows of one run of the forward operations: all, or one block of edges. */
export type RowsOf = (symbol: string) => string;
export const allRows: RowsOf = (symbol) => symbol;

/**
 * Results of one run of forward operations. A recomputed block runs twice: once in the environment of the forward pass, of
 * which nothing is read again, and once in an environment of its own, from which its backward pass reads.
 */
export class Environment {
  private readonly values = new Map<ValueId, Representation>();
  private readonly operands = new Map<ValueId, BufferId>();
  private readonly weights = new Map<ValueId, BufferId>();
  private readonly statistics = new Map<Operation, BufferId>();

  constructor(
    private readonly outer?: Environment,
    readonly rowsOf: RowsOf = outer?.rowsOf ?? allRows,
  ) {}

  value(id: ValueId): Representation {
    const found = this.values.get(id) ?? this.outer?.value(id);
    if (found === undefined) throw new Error(`value ${id} is read before it is made`);
    return found;
  }

  /** Not of what a recomputed block makes inside: of that nothing is read again. */
  has(id: ValueId): boolean {
    return this.values.has(id) || this.outer?.has(id) === true;
  }

  setValue(id: ValueId, value: Representation): void {
    this.values.set(id, value);
  }

  /** The value as the operand of a matrix product: `[padded rows, columns]`. */
  operand(id: ValueId): BufferId | undefined {
    return this.operands.get(id) ?? this.outer?.operand(id);
  }

  setOperand(id: ValueId, buffer: BufferId): void {
    this.operands.set(id, buffer);
  }

  /** The copy of a parameter in the type of the activations. */
  weight(id: ValueId): BufferId | undefined {
    return this.weights.get(id);
  }

  setWeight(id: ValueId, buffer: BufferId): void {
    this.weights.set(id, buffer);
  }

  statisticsOf(operation: Operation): BufferId {
    const found = this.statistics.get(operation) ?? this.outer?.statisticsOf(operation);
    if (found === undefined) throw new Error('a LayerNorm runs backward before forward');
    return found;
  }

  setStatistics(operation: Operation, buffer: BufferId): void {
    this.statistics.set(operation, buffer);
  }
}

/** Where a recomputed block runs. */
export function innerEnvironment(block: Block, outer: Environment): Environment {
  const slices = edgeSlicesOf.get(block);
  return slices === undefined ? new Environment(outer) : new Environment(outer, sliceRows(`${slices.set}Edges`));
}
