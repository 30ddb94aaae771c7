/**
 * Steps by what they need at least, as far as is known; of equals the one with fewer changes, then the one that was added first. A bound
 * only rises, so that a place in the binary heap is looked at again when it has come to the top.
 */
import type { PlannedStep } from './planned-step.js';

interface Place<Item> {
  readonly item: Item;
  readonly order: number;
  /** The bound when the place was found. */
  leastBytes: number;
}

export class LeanestFirst<Item extends { readonly step: PlannedStep }> {
  private readonly heap: Place<Item>[] = [];

  constructor(items: Iterable<Item>) {
    for (const item of items) this.heap.push({ item, order: this.heap.length, leastBytes: item.step.leastBytes });
    for (let index = (this.heap.length >> 1) - 1; index >= 0; index--) this.sink(index);
  }

  get first(): Item | undefined {
    for (;;) {
      const [top] = this.heap;
      if (top === undefined || top.leastBytes === top.item.step.leastBytes) return top?.item;
      top.leastBytes = top.item.step.leastBytes;
      this.sink(0);
    }
  }

  removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink(0);
  }

  private sink(from: number): void {
    const { heap } = this;
    for (let index = from; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      if (least === index) return;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}

function isBefore<Item extends { readonly step: PlannedStep }>(a: Place<Item>, b: Place<Item>): boolean {
  const fewer = a.leastBytes - b.leastBytes || a.item.step.numChanges - b.item.step.numChanges || a.order - b.order;
  return fewer < 0;
}
