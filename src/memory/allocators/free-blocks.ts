import { type BlockTable, none } from './block-table.js';

/**
 * The free blocks of one pool in best-fit order: by bytes, then by address.
 *
 * A training step has few distinct sizes (15 to 40 among up to 450 free blocks), so that blocks of equal size form a ring in address
 * order and a short sorted array holds the rings' first blocks. A step also frees in almost sorted order (backward runs against
 * forward), so that a new block goes to an end of its ring: 0.6 links on average. Measured against one sorted array of all blocks:
 * 1.7 times as fast for one step's model call, 3.5 times for a rollout of four.
 */
export class FreeBlocks {
  readonly #bytes: Float64Array;
  readonly #address: Float64Array;
  /** First block of each ring, by size. */
  readonly #heads: Int32Array;
  /** Size of each ring: a search touches this array only. */
  readonly #ringBytes: Float64Array;
  readonly #nextInRing: Int32Array;
  readonly #previousInRing: Int32Array;
  #numRings = 0;

  constructor(table: BlockTable) {
    this.#bytes = table.bytes;
    this.#address = table.address;
    this.#heads = new Int32Array(table.capacity);
    this.#ringBytes = new Float64Array(table.capacity);
    this.#nextInRing = new Int32Array(table.capacity);
    this.#previousInRing = new Int32Array(table.capacity);
  }

  clear(): void {
    this.#numRings = 0;
  }

  /** The smallest block of at least `bytes`, the lowest of those; or `none`. */
  bestFit(bytes: number): number {
    return this.#head(this.#ringAtLeast(bytes));
  }

  /** The next block in best-fit order, or `none`. */
  after(block: number): number {
    const next = this.#nextInRing[block]!;
    if (this.#address[next]! > this.#address[block]!) return next;
    return this.#head(this.#ringAtLeast(this.#bytes[block]!) + 1);
  }

  insert(block: number): void {
    const bytes = this.#bytes[block]!;
    const ring = this.#ringAtLeast(bytes);
    if (ring === this.#numRings || this.#ringBytes[ring] !== bytes) this.#insertRing(ring, block);
    else if (this.#insertInRing(this.#heads[ring]!, block)) this.#heads[ring] = block;
  }

  /** To be called before the block's size or address changes. */
  remove(block: number): void {
    const next = this.#nextInRing[block]!;
    if (next === block) {
      this.#removeRing(this.#ringAtLeast(this.#bytes[block]!));
      return;
    }
    const previous = this.#previousInRing[block]!;
    this.#nextInRing[previous] = next;
    this.#previousInRing[next] = previous;
    const wasHead = this.#address[previous]! > this.#address[block]!;
    if (wasHead) this.#heads[this.#ringAtLeast(this.#bytes[block]!)] = next;
  }

  #head(ring: number): number {
    return ring < this.#numRings ? this.#heads[ring]! : none;
  }

  #ringAtLeast(bytes: number): number {
    const ringBytes = this.#ringBytes;
    let low = 0;
    let high = this.#numRings;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ringBytes[middle]! < bytes) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** True: the block is the ring's new head. */
  #insertInRing(head: number, block: number): boolean {
    const addressOf = this.#address;
    const address = addressOf[block]!;
    const isFirst = address < addressOf[head]!;
    let next = head;
    if (!isFirst && address < addressOf[this.#previousInRing[head]!]!) {
      while (addressOf[next]! < address) next = this.#nextInRing[next]!;
    }
    const previous = this.#previousInRing[next]!;
    this.#nextInRing[previous] = block;
    this.#previousInRing[block] = previous;
    this.#nextInRing[block] = next;
    this.#previousInRing[next] = block;
    return isFirst;
  }

  #insertRing(ring: number, block: number): void {
    const heads = this.#heads;
    const ringBytes = this.#ringBytes;
    for (let i = this.#numRings++; i > ring; i--) {
      heads[i] = heads[i - 1]!;
      ringBytes[i] = ringBytes[i - 1]!;
    }
    heads[ring] = block;
    ringBytes[ring] = this.#bytes[block]!;
    this.#nextInRing[block] = block;
    this.#previousInRing[block] = block;
  }

  #removeRing(ring: number): void {
    const heads = this.#heads;
    const ringBytes = this.#ringBytes;
    const last = --this.#numRings;
    for (let i = ring; i < last; i++) {
      heads[i] = heads[i + 1]!;
      ringBytes[i] = ringBytes[i + 1]!;
    }
  }
}
