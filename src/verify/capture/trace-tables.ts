/** A trace file's tables and the columns that point into them, as a trace has them. */
import { constant } from '../../ir/shape.js';
import type { Layout } from '../../memory/trace.js';

/** A table row that a person may read. */
export const maximumRows = 1_000_000;

export type Tables = Record<'dtypes' | 'operations' | 'modules', string[]> & { readonly shapes: (readonly number[])[] };
export const columnNames = ['bytes', 'dtype', 'shape', 'operation', 'module', 'category'] as const;
type Rows = Readonly<Record<(typeof columnNames)[number], readonly number[]>>;

/** Index of each distinct pair, in order of appearance. */
function pairs(first: readonly number[], second: readonly number[], add: (a: number, b: number) => void): Uint32Array {
  const known = new Map<number, number>();
  return Uint32Array.from(first, (a, i) => {
    const b = second[i]!;
    const key = a * maximumRows + b;
    let index = known.get(key);
    if (index === undefined) {
      index = known.size;
      known.set(key, index);
      add(a, b);
    }
    return index;
  });
}

export function layoutsOf({ shape, dtype }: Rows, { shapes, dtypes }: Tables) {
  const layouts: Layout[] = [];
  const bufferLayout = pairs(shape, dtype, (a, b) => {
    // Bytes are the storage's: a tensor may be a view of a part of it.
    layouts.push({ shape: shapes[a]!.map(constant), elementBytes: 0, dtype: dtypes[b]! });
  });
  return { layouts, bufferLayout };
}

export function operationsOf({ operation, module }: Rows, tables: Tables) {
  const operations: string[] = [];
  const operationBlocks: string[] = [];
  const bufferOperation = pairs(operation, module, (a, b) => {
    const path = tables.modules[b]!;
    operations.push(path === 'other' ? tables.operations[a]! : `${path}: ${tables.operations[a]}`);
    operationBlocks.push(path);
  });
  return { operations, operationBlocks, bufferOperation };
}
