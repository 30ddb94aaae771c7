/** A trace as a list of events that can be edited, and back. */

import { formatShape } from '../ir/shape.js';
import type { Category, Layout, Origin, Phase, Trace } from '../memory/trace.js';
import { categories, categoryCode, originCode, origins } from '../memory/trace.js';

export interface Buffer {
  readonly layout: Layout;
  readonly category: Category;
  readonly module: string;
  readonly operation: string;
  /** Of the program; empty where the operation belongs to none. */
  readonly block: string;
  readonly origin: Origin;
}

/** A buffer is the same object where it is allocated and where it is freed. */
export type TraceEvent =
  | { readonly kind: 'allocate' | 'free'; readonly buffer: Buffer }
  | { readonly kind: 'mark'; readonly phase: Phase; readonly recompute?: boolean }
  | { readonly kind: 'lastStep' };

export const allocate = (buffer: Buffer): TraceEvent => ({ kind: 'allocate', buffer });
export const free = (buffer: Buffer): TraceEvent => ({ kind: 'free', buffer });

export function toEvents(trace: Trace): readonly TraceEvent[] {
  const buffers = Array.from(
    trace.bufferLayout,
    (layout, index): Buffer => ({
      layout: trace.layouts[layout]!,
      category: categories[trace.bufferCategory[index]!]!,
      module: trace.modules[trace.bufferModule[index]!]!,
      operation: trace.operations[trace.bufferOperation[index]!]!,
      block: trace.operationBlocks[trace.bufferOperation[index]!]!,
      origin: origins[trace.bufferOrigin[index]!]!,
    }),
  );
  const events: TraceEvent[] = [];
  let nextMark = 0;
  for (let i = 0; i <= trace.events.length; i++) {
    if (i === trace.lastStepFirstEvent) events.push({ kind: 'lastStep' });
    for (; trace.marks[nextMark]?.firstEvent === i; nextMark++) {
      const { phase, recompute } = trace.marks[nextMark]!;
      events.push({ kind: 'mark', phase, ...(recompute && { recompute }) });
    }
    const event = trace.events[i];
    if (event !== undefined)
      events.push({ kind: event > 0 ? 'allocate' : 'free', buffer: buffers[Math.abs(event) - 1]! });
  }
  return events;
}

/** Numbers names as they come. */
class Names<Item> {
  readonly items: Item[] = [];
  private readonly indices = new Map<string, number>();

  index(key: string, item: Item): number {
    let index = this.indices.get(key);
    if (index === undefined) {
      index = this.items.push(item) - 1;
      this.indices.set(key, index);
    }
    return index;
  }
}

export function fromEvents(events: readonly TraceEvent[]): Trace {
  const layouts = new Names<Layout>();
  // Most arrays share their layout's very object: only others are told by their text.
  const knownLayouts = new Map<Layout, number>();
  const layoutIndex = (layout: Layout): number => {
    const known = knownLayouts.get(layout);
    if (known !== undefined) return known;
    const index = layouts.index(`${formatShape(layout.shape)} ${layout.dtype} ${layout.elementBytes}`, layout);
    knownLayouts.set(layout, index);
    return index;
  };
  const modules = new Names<string>();
  const operations = new Names<Pick<Buffer, 'operation' | 'block'>>();
  const ids = new Map<Buffer, number>();
  const changes: number[] = [];
  const marks: { phase: Phase; firstEvent: number; recompute?: boolean }[] = [];
  let lastStepFirstEvent = 0;
  for (const event of events) {
    switch (event.kind) {
      case 'mark':
        marks.push({
          phase: event.phase,
          firstEvent: changes.length,
          ...(event.recompute && { recompute: event.recompute }),
        });
        break;
      case 'lastStep':
        lastStepFirstEvent = changes.length;
        break;
      case 'allocate':
        ids.set(event.buffer, ids.size);
        changes.push(ids.size);
        break;
      case 'free':
        changes.push(-ids.get(event.buffer)! - 1);
        break;
    }
  }
  const buffers = [...ids.keys()];
  return {
    bufferLayout: Uint32Array.from(buffers, ({ layout }) => layoutIndex(layout)),
    bufferCategory: Uint8Array.from(buffers, ({ category }) => categoryCode[category]),
    bufferModule: Uint32Array.from(buffers, ({ module }) => modules.index(module, module)),
    bufferOperation: Uint32Array.from(buffers, ({ operation, block }) =>
      operations.index(`${block}\n${operation}`, { operation, block }),
    ),
    bufferOrigin: Uint8Array.from(buffers, ({ origin }) => originCode[origin]),
    layouts: layouts.items,
    modules: modules.items,
    operations: operations.items.map(({ operation }) => operation),
    operationBlocks: operations.items.map(({ block }) => block),
    events: Int32Array.from(changes),
    marks,
    lastStepFirstEvent,
  };
}
