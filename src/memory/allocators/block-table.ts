/**
 * Blocks of device memory as columns: a replay makes thousands and a search replays a hundred thousand times, so that neither may
 * allocate. Blocks of one segment are a chain in address order without gaps. Bytes are float64: exact far beyond any device.
 */
export const none = -1;

export const free = 0;
export const used = 1;
/** Address space of an expandable segment without memory behind it. */
export const unmapped = 2;

export class BlockTable {
  readonly bytes: Float64Array;
  readonly address: Float64Array;
  /** Neighbours in the segment, or `none`. */
  readonly previous: Int32Array;
  readonly next: Int32Array;
  readonly state: Uint8Array;
  /** Index of the pool, which splits and merges inherit. */
  readonly pool: Uint8Array;
  #numBlocks = 0;
  /** Chain, through `next`, of blocks that were merged away. */
  #recycled = none;

  constructor(readonly capacity: number) {
    this.bytes = new Float64Array(capacity);
    this.address = new Float64Array(capacity);
    this.previous = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.state = new Uint8Array(capacity);
    this.pool = new Uint8Array(capacity);
  }

  reset(): void {
    this.#numBlocks = 0;
    this.#recycled = none;
  }

  /** Its bytes and its address are to be set: numbers that are handed over would be boxed, which takes longer than the rest. */
  create(pool: number, state: number): number {
    let block = this.#recycled;
    if (block === none) block = this.#numBlocks++;
    else this.#recycled = this.next[block]!;
    this.previous[block] = none;
    this.next[block] = none;
    this.state[block] = state;
    this.pool[block] = pool;
    return block;
  }

  /** A new block right before `block` in its chain, of its pool and state. */
  createBefore(block: number): number {
    const before = this.previous[block]!;
    const created = this.create(this.pool[block]!, this.state[block]!);
    this.previous[created] = before;
    if (before !== none) this.next[before] = created;
    this.next[created] = block;
    this.previous[block] = created;
    return created;
  }

  /** Takes `block` out of its chain: a neighbour is to take over its bytes. */
  unlink(block: number): void {
    const before = this.previous[block]!;
    const after = this.next[block]!;
    if (before !== none) this.next[before] = after;
    if (after !== none) this.previous[after] = before;
    this.recycle(block);
  }

  recycle(block: number): void {
    this.next[block] = this.#recycled;
    this.#recycled = block;
  }
}
