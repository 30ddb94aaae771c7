/**
 * One call of the model's source: its local variables hold values. References are counted here, so that a program states where each
 * value is let go.
 */
import type { Block, Node } from './forward-program.js';
import type { Operation } from './operations.js';
import type { Module, Value, ValueId } from './types.js';

/** Assigning a local again lets its former value go. */
export class Frame {
  readonly locals = new Map<string, ValueId>();
  /** Results that no local holds yet: they live until the operation that consumes them. */
  private readonly temporaries = new Set<ValueId>();
  readonly body: Node[] = [];
  /** Values made outside and read inside. */
  readonly reads = new Set<ValueId>();
  /** Everything from this id on is made inside. */
  readonly firstValue: ValueId;

  constructor(
    readonly module: Module,
    private readonly values: readonly Value[],
    /** How many locals and temporaries of all frames hold each value. */
    private readonly numHolders: number[],
  ) {
    this.firstValue = values.length;
  }

  set(name: string, value: ValueId): ValueId {
    const former = this.locals.get(name);
    this.hold(value);
    this.locals.set(name, value);
    if (former !== undefined) this.release(former);
    return value;
  }

  /** Held as the fields of one tuple, whose last field goes first (CPython, Objects/tupleobject.c, tupledealloc). */
  setFields<Fields extends Readonly<Record<string, ValueId>>>(fields: Fields): Fields {
    for (const [name, value] of Object.entries(fields).reverse()) this.set(name, value);
    return fields;
  }

  run(operation: Operation, inputs: readonly ValueId[]): void {
    const { output } = operation;
    for (const id of inputs) if (this.values[id]!.source === 'operation') this.read(id);
    this.body.push(operation);
    this.temporaries.add(output);
    this.numHolders[output] = 1;
    for (const id of inputs) this.consume(id);
  }

  /** The results of a function that this frame called become its temporaries. */
  called(block: Block, reads: Iterable<ValueId>, results: readonly ValueId[]): void {
    this.body.push(block);
    for (const id of reads) this.read(id);
    for (const result of results) {
      if (this.temporaries.has(result)) this.numHolders[result]! -= 1;
      else this.temporaries.add(result);
    }
  }

  /** The caller holds the results; everything else that the frame holds goes. */
  leave(results: readonly ValueId[]): void {
    for (const result of results) this.numHolders[result]! += 1;
    for (const value of this.locals.values()) this.release(value);
    for (const value of this.temporaries) this.release(value);
  }

  consume(value: ValueId): void {
    if (this.temporaries.delete(value)) this.release(value);
  }

  /** A temporary becomes a local, anything else gets one more holder. */
  private hold(value: ValueId): void {
    if (!this.temporaries.delete(value)) this.numHolders[value]! += 1;
  }

  private release(value: ValueId): void {
    const numHolders = --this.numHolders[value]!;
    if (numHolders === 0 && this.values[value]!.source === 'operation') this.body.push({ kind: 'drop', value });
  }

  private read(value: ValueId): void {
    if (value < this.firstValue) this.reads.add(value);
  }
}
