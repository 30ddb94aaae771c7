import { type BlockTable, none } from './block-table.js';

/**
 * The free blocks of one pool in best-fit order: by bytes, then by address.
 *
 * A training step has few distinct sizes at a time (15 to 40 among up to 450 free blocks), so that blocks of equal size form a ring in
 * address order and a short sorted array holds the rings' first blocks. A step also frees in almost sorted order (backward runs against
 * forward), so that a new block goes to an end of its ring: 0.1 links on average. Measured against one sorted array of all blocks:
 * 1.7 times as fast for one step's model call, 3.5 times for a rollout of four.
 *
 * Most requests are cut from a block that is the only one of its size, and most frees give back to a neighbour that is: such a ring only
 * moves to its new place, mostly by none or one (`#moveRing`).
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
  /** Where the last search ended: what was found is mostly what changes next. */
  #lastFound = 0;

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

  /** Of the largest block; 0 where there is none. */
  get largestBytes(): number {
    return this.#numRings === 0 ? 0 : this.#ringBytes[this.#numRings - 1]!;
  }

  /** The smallest block of at least `bytes`, the lowest of those; or `none`. */
  bestFit(bytes: number): number {
    const ring = this.#ringAtLeast(bytes);
    return ring < this.#numRings ? this.#heads[ring]! : none;
  }

  /** The next block in best-fit order, or `none`. */
  after(block: number): number {
    const next = this.#nextInRing[block]!;
    if (this.#address[next]! > this.#address[block]!) return next;
    const ring = this.#ringAtLeast(this.#bytes[block]!) + 1;
    return ring < this.#numRings ? this.#heads[ring]! : none;
  }

  insert(block: number): void {
    const bytes = this.#bytes[block]!;
    const ring = this.#ringAtLeast(bytes);
    if (ring < this.#numRings && this.#ringBytes[ring] === bytes) this.#insertInRing(ring, block);
    else this.#insertRing(ring, block);
  }

  /** To be called before the block's size or address changes. */
  remove(block: number): void {
    if (this.#isAlone(block)) this.#closeGap(this.#ringOf(block));
    else this.#removeFromRing(block);
  }

  /** What lay at the beginning of `block` is the block `taken` now. */
  giveUp(block: number, taken: number): void {
    const ring = this.#takeOut(block);
    this.#address[block]! += this.#bytes[taken]!;
    this.#bytes[block]! -= this.#bytes[taken]!;
    this.#putBack(ring, block);
  }

  /** `block` takes over its neighbour on either side, which is in no list. */
  absorb(block: number, neighbour: number): void {
    const ring = this.#takeOut(block);
    this.#address[block] = Math.min(this.#address[block]!, this.#address[neighbour]!);
    this.#bytes[block]! += this.#bytes[neighbour]!;
    this.#putBack(ring, block);
  }

  /** A gap among the rings where `block` was alone in its own, else `none`. */
  #takeOut(block: number): number {
    if (this.#isAlone(block)) return this.#ringOf(block);
    this.#removeFromRing(block);
    return none;
  }

  #putBack(gap: number, block: number): void {
    if (gap === none) this.insert(block);
    else this.#moveRing(gap, block);
  }

  #isAlone(block: number): boolean {
    return this.#nextInRing[block] === block;
  }

  /** Of a ring's first block. */
  #ringOf(head: number): number {
    const ring = this.#lastFound;
    return ring < this.#numRings && this.#heads[ring] === head ? ring : this.#ringAtLeast(this.#bytes[head]!);
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
    this.#lastFound = low;
    return low;
  }

  /** The ring of `block` alone goes to its place by size, past those between. */
  #moveRing(ring: number, block: number): void {
    const bytes = this.#bytes[block]!;
    const heads = this.#heads;
    const ringBytes = this.#ringBytes;
    const last = this.#numRings - 1;
    let gap = ring;
    for (; gap > 0 && ringBytes[gap - 1]! >= bytes; gap--) {
      heads[gap] = heads[gap - 1]!;
      ringBytes[gap] = ringBytes[gap - 1]!;
    }
    for (; gap < last && ringBytes[gap + 1]! < bytes; gap++) {
      heads[gap] = heads[gap + 1]!;
      ringBytes[gap] = ringBytes[gap + 1]!;
    }
    if (gap < last && ringBytes[gap + 1] === bytes) {
      this.#closeGap(gap);
      this.#insertInRing(gap, block);
    } else {
      heads[gap] = block;
      ringBytes[gap] = bytes;
    }
  }

  #insertInRing(ring: number, block: number): void {
    const addressOf = this.#address;
    const address = addressOf[block]!;
    const head = this.#heads[ring]!;
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
    if (isFirst) this.#heads[ring] = block;
  }

  #removeFromRing(block: number): void {
    const next = this.#nextInRing[block]!;
    const previous = this.#previousInRing[block]!;
    this.#nextInRing[previous] = next;
    this.#previousInRing[next] = previous;
    const wasHead = this.#address[previous]! > this.#address[block]!;
    if (wasHead) this.#heads[this.#ringOf(block)] = next;
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

  #closeGap(ring: number): void {
    const heads = this.#heads;
    const ringBytes = this.#ringBytes;
    const last = --this.#numRings;
    for (let i = ring; i < last; i++) {
      heads[i] = heads[i + 1]!;
      ringBytes[i] = ringBytes[i + 1]!;
    }
  }
}
