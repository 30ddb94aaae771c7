/**
 * Blocks of device memory as columns: a replay makes thousands and a search replays a hundred thousand times, so that neither may
 * allocate. Blocks of one segment are a chain in address order without gaps. Bytes are float64: exact far beyond any device.
 *
 * What every event runs is functions closed over such columns, not methods: where a process makes one closure of a function, V8 takes
 * the columns it holds for constants, their addresses and lengths too (of one of up to 64 bytes only if it is made from a buffer), and a
 * replay takes two thirds of the time.
 */
export const none = -1;

export const free = 0;
export const used = 1;
/** Address space of an expandable segment without memory behind it. */
export const unmapped = 2;

/** A block of no segment, whose bytes are those of the request at hand: numbers that are handed over may be boxed. */
export const wanted = 0;

export type BlockTable = ReturnType<typeof blockTable>;

export function blockTable(maxBlocks: number) {
  const capacity = wanted + 1 + maxBlocks;
  const bytes = new Float64Array(capacity);
  const address = new Float64Array(capacity);
  /** Neighbours in the segment, or `none`. */
  const previous = new Int32Array(capacity);
  const next = new Int32Array(capacity);
  const state = new Uint8Array(capacity);
  /** Index of the pool, which splits and merges inherit. */
  const pool = new Uint8Array(capacity);
  let numBlocks = wanted + 1;
  /** Chain, through `next`, of blocks that were merged away. */
  let recycled = none;

  function reset(): void {
    numBlocks = wanted + 1;
    recycled = none;
  }

  /** A block of no segment so far; its bytes and its address are to be set. */
  function create(ofPool: number, inState: number): number {
    const block = unusedBlock();
    previous[block] = none;
    next[block] = none;
    state[block] = inState;
    pool[block] = ofPool;
    return block;
  }

  /** A new block right before `block` in its chain, of its pool and state. */
  function createBefore(block: number): number {
    const created = unusedBlock();
    const before = previous[block]!;
    previous[created] = before;
    if (before !== none) next[before] = created;
    next[created] = block;
    previous[block] = created;
    state[created] = state[block]!;
    pool[created] = pool[block]!;
    return created;
  }

  function unusedBlock(): number {
    const block = recycled;
    if (block === none) return numBlocks++;
    recycled = next[block]!;
    return block;
  }

  /** Takes `block` out of its chain: a neighbour is to take over its bytes. */
  function unlink(block: number): void {
    const before = previous[block]!;
    const after = next[block]!;
    if (before !== none) next[before] = after;
    if (after !== none) previous[after] = before;
    recycle(block);
  }

  function recycle(block: number): void {
    next[block] = recycled;
    recycled = block;
  }

  return { capacity, bytes, address, previous, next, state, pool, reset, create, createBefore, unlink, recycle };
}
