import { type BlockTable, none, wanted } from './block-table.js';

/** In the order of the bytes of a float64, the half that begins with sign, exponent and the fraction's first bits. */
const highHalf = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
/** 32 powers of two with 32 buckets each, from 512 bytes on; the last bucket holds what is beyond 2 TiB, too. */
const numBuckets = 32 * 32;
/** Of 512 bytes: its exponent, and five bits of a fraction of zero. */
const firstBucket = (1023 + 9) * 32;

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
  /** By pool: a bit for each bucket that is filled, and for each power of two that has one, the smallest first. */
  const filledBuckets = new Int32Array(numPools * 32);
  const filledPowers = new Int32Array(new ArrayBuffer(4 * numPools));
  /** By pool: the block that is in no ring yet, or `none`. */
  const latest = new Int32Array(new ArrayBuffer(4 * numPools));

  function clear(): void {
    heads.fill(none);
    filledBuckets.fill(0);
    filledPowers.fill(0);
    latest.fill(none);
  }

  /** The smallest free block of at least the bytes of `wanted`, the lowest of those; or `none`. */
  function bestFit(pool: number): number {
    const bucket = bucketOf(pool, wanted);
    let found = heads[bucket]!;
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
    return filledPowers[pool] === 0 ? none : firstOfPower(pool, firstBit(filledPowers[pool]!));
  }

  /** The next block in best-fit order, or `none`. */
  function after(pool: number, block: number): number {
    settle(pool);
    const bucket = bucketOf(pool, block);
    const next = nextInRing[block]!;
    return next === heads[bucket] ? firstAbove(pool, bucket) : next;
  }

  /** Of the largest block; 0 where there is none. */
  function largestBytes(pool: number): number {
    settle(pool);
    if (filledPowers[pool] === 0) return 0;
    const buckets = 32 * pool + lastBit(filledPowers[pool]!);
    return bytes[previousInRing[heads[32 * buckets + lastBit(filledBuckets[buckets]!)]!]!]!;
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

  function bucketOf(pool: number, block: number): number {
    const bucket = (halves[2 * block + highHalf]! >> 15) - firstBucket;
    return numBuckets * pool + (bucket < numBuckets ? bucket : numBuckets - 1);
  }

  /** The first block of the first bucket above this one that is filled, or `none`. */
  function firstAbove(pool: number, bucket: number): number {
    const buckets = filledBuckets[bucket >> 5]! & bitsAfter(bucket);
    if (buckets !== 0) return heads[(bucket & -32) + firstBit(buckets)]!;
    const powers = filledPowers[pool]! & bitsAfter(bucket >> 5);
    return powers === 0 ? none : firstOfPower(pool, firstBit(powers));
  }

  function firstOfPower(pool: number, power: number): number {
    const buckets = 32 * pool + power;
    return heads[32 * buckets + firstBit(filledBuckets[buckets]!)]!;
  }

  function isBefore(a: number, b: number): boolean {
    return bytes[a]! < bytes[b]! || (bytes[a]! === bytes[b]! && address[a]! < address[b]!);
  }

  function putInRing(pool: number, block: number): void {
    const bucket = bucketOf(pool, block);
    if (heads[bucket] !== none) {
      join(bucket, block);
      return;
    }
    nextInRing[block] = block;
    previousInRing[block] = block;
    heads[bucket] = block;
    filledBuckets[bucket >> 5]! |= bit(bucket);
    filledPowers[pool]! |= bit(bucket >> 5);
  }

  function takeFromRing(pool: number, block: number): void {
    const bucket = bucketOf(pool, block);
    if (nextInRing[block] !== block) {
      leave(bucket, block);
      return;
    }
    heads[bucket] = none;
    const buckets = filledBuckets[bucket >> 5]! & ~bit(bucket);
    filledBuckets[bucket >> 5] = buckets;
    if (buckets === 0) filledPowers[pool]! &= ~bit(bucket >> 5);
  }

  /** A ring that has blocks already. */
  function join(bucket: number, block: number): void {
    const head = heads[bucket]!;
    let next = head;
    if (isBefore(block, head)) heads[bucket] = block;
    else if (isBefore(block, previousInRing[head]!)) while (isBefore(next, block)) next = nextInRing[next]!;
    const previous = previousInRing[next]!;
    nextInRing[previous] = block;
    previousInRing[block] = previous;
    nextInRing[block] = next;
    previousInRing[next] = block;
  }

  /** A ring that has other blocks. */
  function leave(bucket: number, block: number): void {
    const next = nextInRing[block]!;
    const previous = previousInRing[block]!;
    nextInRing[previous] = next;
    previousInRing[next] = previous;
    if (heads[bucket] === block) heads[bucket] = next;
  }

  return { clear, bestFit, first, after, largestBytes, insert, remove };
}

/** Of 32 bits the nth, counted from the highest, of a number modulo 32. */
const bit = (n: number): number => 0x80000000 >>> n;
const bitsAfter = (n: number): number => 0x7fffffff >>> n;
const firstBit = (bits: number): number => Math.clz32(bits);
const lastBit = (bits: number): number => Math.clz32(bits & -bits);
