/** A forward pass as a graph: who makes a value, who reads it, and in which order XLA runs it where nothing is kept for later. */
import type { Node } from '../../ir/forward-program.js';
import { type Operation, readsOf } from '../../ir/operations.js';
import type { Module, ValueId } from '../../ir/types.js';

export interface Placed {
  readonly operation: Operation;
  readonly module: Module;
}

export class DataFlow {
  private readonly makers = new Map<ValueId, Placed>();
  private readonly consumers = new Map<ValueId, Operation[]>();
  /** Operations on the longest path from the data to a value. */
  private readonly depths = new Map<ValueId, number>();

  constructor(nodes: readonly Node[], module: Module) {
    this.learn(nodes, module);
  }

  private learn(nodes: readonly Node[], module: Module): void {
    for (const node of nodes) {
      if (node.kind === 'block') this.learn(node.body, node.module);
      else if (node.kind !== 'drop') {
        this.makers.set(node.output, { operation: node, module });
        this.depths.set(node.output, 1 + Math.max(0, ...readsOf(node).map((id) => this.depthOf(id))));
        for (const id of readsOf(node)) this.consumers.set(id, [...(this.consumers.get(id) ?? []), node]);
      }
    }
  }

  maker(id: ValueId): Operation | undefined {
    return this.makers.get(id)?.operation;
  }

  readers(id: ValueId): readonly Operation[] {
    return this.consumers.get(id) ?? [];
  }

  isNormalised(id: ValueId): boolean {
    return this.maker(id)?.kind === 'layerNorm';
  }

  /** As the code writes them down. */
  inOrderOfCode(): readonly Placed[] {
    return [...this.makers.values()];
  }

  /** Operations in post-order from the result; of several operands the deeper one comes first. */
  depthFirst(result: ValueId): readonly Placed[] {
    const order: Placed[] = [];
    const seen = new Set<ValueId>();
    const path: { readonly id: ValueId; readonly reads: ValueId[] }[] = [];
    const enter = (id: ValueId): void => {
      const maker = this.makers.get(id);
      if (maker === undefined || seen.has(id)) return;
      seen.add(id);
      path.push({ id, reads: [...readsOf(maker.operation)].sort((a, b) => this.depthOf(b) - this.depthOf(a)) });
    };
    enter(result);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.reads.shift();
      if (next !== undefined) enter(next);
      else order.push(this.makers.get(path.pop()!.id)!);
    }
    return order;
  }

  private depthOf(id: ValueId): number {
    return this.depths.get(id) ?? 0;
  }
}
