import { type BlockTable, none } from './block-table.js';

/** In the order of the bytes of a float64, the half that begins with sign, exponent and the fraction's first bits. */
const highHalf = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
/** Of the high half: what lies behind the exponent and five bits of the fraction. */
const bucketShift = 15;
const bucketsPerPower = 32;
/** From 512 bytes on; the last bucket holds what is beyond 2 TiB, too. */
const numPowers = 32;
const numBuckets = numPowers * bucketsPerPower;
const firstBucket = (1023 + 9) * bucketsPerPower;

export type FreeBlocks = ReturnType<typeof freeBlocksOf>;

/**
 * The free blocks of each pool in best-fit order: by bytes, then by address.
 *
 * They lie in 32 buckets for each power of two, which are the first bits of their bytes' own float64, so that no search is needed to
 * find one: up to 32 KiB each multiple of 512 has its own. A bucket is a ring in best-fit order, of one block mostly, and one bit each
 * says which buckets are filled. A step frees in almost sorted order (backward runs against forward), so that a new block goes to an end
 * of its ring.
 *
 * The block that changed last is in no ring yet: it mostly changes next, when more of it is taken or a neighbour comes back.
 */
export function freeBlocksOf(table: BlockTable, numPools: number) {
  const { bytes, address } = table;
  const halves = new Int32Array(bytes.buffer);
  /** First block of each bucket's ring, or `none`. */
  const heads = new Int32Array(numPools * numBuckets);
  const nextInRing = new Int32Array(table.capacity);
  const previousInRing = new Int32Array(table.capacity);
  /** A bit for each bucket that is filled, and for each power of two that has one. */
  const filledBuckets = new Int32Array(numPools * numPowers);
  const filledPowers = new Int32Array(numPools);
  /** Of each pool the block that is in no ring yet, or `none`. */
  const latest = new Int32Array(numPools);

  function clear(): void {
    heads.fill(none);
    filledBuckets.fill(0);
    filledPowers.fill(0);
    latest.fill(none);
  }

  /** The smallest free block of at least the bytes of `wanted`, the lowest of those; or `none`. */
  function bestFit(pool: number, wanted: number): number {
    const bucket = bucketOf(wanted);
    let found = heads[pool * numBuckets + bucket]!;
    if (found !== none && bytes[previousInRing[found]!]! >= bytes[wanted]!) {
      while (bytes[found]! < bytes[wanted]!) found = nextInRing[found]!;
    } else found = firstAbove(pool, bucket);
    const last = latest[pool]!;
    if (last === none || bytes[last]! < bytes[wanted]!) return found;
    return found === none || isBefore(last, found) ? last : found;
  }

  /** The first block in best-fit order, or `none`. */
  function first(pool: number): number {
    settle(pool);
    const powers = filledPowers[pool]!;
    return powers === 0 ? none : firstOfPower(pool, lowestBit(powers), -1);
  }

  /** The next block in best-fit order, or `none`. */
  function after(pool: number, block: number): number {
    settle(pool);
    const bucket = bucketOf(block);
    const next = nextInRing[block]!;
    return next === heads[pool * numBuckets + bucket] ? firstAbove(pool, bucket) : next;
  }

  /** Of the largest block; 0 where there is none. */
  function largestBytes(pool: number): number {
    settle(pool);
    const powers = filledPowers[pool]!;
    if (powers === 0) return 0;
    const power = highestBit(powers);
    const bucket = power * bucketsPerPower + highestBit(filledBuckets[pool * numPowers + power]!);
    return bytes[previousInRing[heads[pool * numBuckets + bucket]!]!]!;
  }

  function insert(pool: number, block: number): void {
    const last = latest[pool]!;
    latest[pool] = block;
    if (last !== none) putInRing(pool, last);
  }

  /** To be called before the block's size or address changes. */
  function remove(pool: number, block: number): void {
    if (latest[pool] === block) latest[pool] = none;
    else takeFromRing(pool, block);
  }

  function settle(pool: number): void {
    const last = latest[pool]!;
    latest[pool] = none;
    if (last !== none) putInRing(pool, last);
  }

  function bucketOf(block: number): number {
    const bucket = (halves[2 * block + highHalf]! >> bucketShift) - firstBucket;
    return bucket < numBuckets ? bucket : numBuckets - 1;
  }

  function firstAbove(pool: number, bucket: number): number {
    const power = bucket >> 5;
    const buckets = above(bucket & 31);
    if ((filledBuckets[pool * numPowers + power]! & buckets) !== 0) return firstOfPower(pool, power, buckets);
    const powers = filledPowers[pool]! & above(power);
    return powers === 0 ? none : firstOfPower(pool, lowestBit(powers), -1);
  }

  function firstOfPower(pool: number, power: number, buckets: number): number {
    const bucket = lowestBit(filledBuckets[pool * numPowers + power]! & buckets);
    return heads[pool * numBuckets + power * bucketsPerPower + bucket]!;
  }

  function isBefore(a: number, b: number): boolean {
    return bytes[a]! < bytes[b]! || (bytes[a]! === bytes[b]! && address[a]! < address[b]!);
  }

  function putInRing(pool: number, block: number): void {
    const bucket = bucketOf(block);
    const head = heads[pool * numBuckets + bucket]!;
    if (head === none) {
      nextInRing[block] = block;
      previousInRing[block] = block;
      heads[pool * numBuckets + bucket] = block;
      filledBuckets[pool * numPowers + (bucket >> 5)]! |= 1 << (bucket & 31);
      filledPowers[pool]! |= 1 << (bucket >> 5);
      return;
    }
    let next = head;
    if (isBefore(block, head)) heads[pool * numBuckets + bucket] = block;
    else if (isBefore(block, previousInRing[head]!)) while (isBefore(next, block)) next = nextInRing[next]!;
    const previous = previousInRing[next]!;
    nextInRing[previous] = block;
    previousInRing[block] = previous;
    nextInRing[block] = next;
    previousInRing[next] = block;
  }

  function takeFromRing(pool: number, block: number): void {
    const bucket = bucketOf(block);
    const next = nextInRing[block]!;
    if (next === block) {
      heads[pool * numBuckets + bucket] = none;
      const power = pool * numPowers + (bucket >> 5);
      filledBuckets[power]! &= ~(1 << (bucket & 31));
      if (filledBuckets[power] === 0) filledPowers[pool]! &= ~(1 << (bucket >> 5));
      return;
    }
    const previous = previousInRing[block]!;
    nextInRing[previous] = next;
    previousInRing[next] = previous;
    if (heads[pool * numBuckets + bucket] === block) heads[pool * numBuckets + bucket] = next;
  }

  return { clear, bestFit, first, after, largestBytes, insert, remove };
}

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);
const highestBit = (bits: number): number => 31 - Math.clz32(bits);
/** All bits above one. */
const above = (bit: number): number => (-1 << bit) << 1;
