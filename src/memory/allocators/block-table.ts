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

  create(pool: number, address: number, bytes: number, state: number): number {
    let block = this.#recycled;
    if (block === none) block = this.#numBlocks++;
    else this.#recycled = this.next[block]!;
    this.bytes[block] = bytes;
    this.address[block] = address;
    this.previous[block] = none;
    this.next[block] = none;
    this.state[block] = state;
    this.pool[block] = pool;
    return block;
  }

  /** Shortens `block` to its first `bytes`; the rest becomes a block of the same state. */
  split(block: number, bytes: number): number {
    const rest = this.create(
      this.pool[block]!,
      this.address[block]! + bytes,
      this.bytes[block]! - bytes,
      this.state[block]!,
    );
    const after = this.next[block]!;
    this.bytes[block] = bytes;
    this.next[block] = rest;
    this.previous[rest] = block;
    this.next[rest] = after;
    if (after !== none) this.previous[after] = rest;
    return rest;
  }

  /** `block` takes over the bytes of its next neighbour. */
  absorbNext(block: number): void {
    const absorbed = this.next[block]!;
    const after = this.next[absorbed]!;
    this.bytes[block]! += this.bytes[absorbed]!;
    this.next[block] = after;
    if (after !== none) this.previous[after] = block;
    this.recycle(absorbed);
  }

  recycle(block: number): void {
    this.next[block] = this.#recycled;
    this.#recycled = block;
  }
}
