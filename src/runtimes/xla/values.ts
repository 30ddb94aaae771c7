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
  if (parts.length === 1) return { kind: 'fused', reads: buffersOf(only!) };
  const reads: BufferId[] = [];
  for (const part of parts) for (const buffer of buffersOf(part)) if (!reads.includes(buffer)) reads.push(buffer);
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
  private readonly statistics = new Map<Operation, readonly BufferId[]>();
  private barrier: (() => BufferId) | undefined;
  private readonly ends = new Map<string, { readonly element: BufferId; readonly numReaders: number }>();

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

  /** Whether all that is made in here is behind a barrier (`Schedule.barrier`). */
  get isBehind(): boolean {
    return this.barrier !== undefined || this.outer?.isBehind === true;
  }

  /** A parameter as it is read in here: behind the barrier under a name of its own. */
  parameter(): readonly BufferId[] {
    return this.barrier === undefined ? (this.outer?.parameter() ?? []) : [this.barrier()];
  }

  /** The nodes at one end of a set of edges, as they are read in here. */
  indices(edges: string, end: string): readonly BufferId[] {
    if (this.barrier === undefined) return this.outer?.indices(edges, end) ?? [];
    const key = `${edges} ${end}`;
    const { element, numReaders } = this.ends.get(key) ?? { element: this.barrier(), numReaders: 0 };
    this.ends.set(key, { element, numReaders: numReaders + 1 });
    return [element];
  }

  /** How many layers gather by these indices. */
  numGathers(edges: string, end: string): number {
    return this.ends.get(`${edges} ${end}`)?.numReaders ?? this.outer?.numGathers(edges, end) ?? 0;
  }

  setBarrier(parameter: () => BufferId): void {
    this.barrier = parameter;
  }

  statisticsOf(operation: Operation): readonly BufferId[] {
    const found = this.statistics.get(operation) ?? this.outer?.statisticsOf(operation);
    if (found === undefined) throw new Error('a LayerNorm runs backward before forward');
    return found;
  }

  setStatistics(operation: Operation, ...statistics: readonly BufferId[]): void {
    this.statistics.set(operation, statistics);
  }
}

/** Where a recomputed block runs. */
export function innerEnvironment(block: Block, outer: Environment): Environment {
  const slices = edgeSlicesOf.get(block);
  return slices === undefined ? new Environment(outer) : new Environment(outer, sliceRows(`${slices.set}Edges`));
}
