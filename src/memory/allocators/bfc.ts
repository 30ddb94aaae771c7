/**
 * The best-fit-with-coalescing pool of TensorFlow and XLA (tsl/framework/bfc_allocator.cc, read 2026-11-24), as JAX uses it on a GPU:
 * one region that is taken from the device at the start. A chunk larger than the request is divided if the rest is worth it,
 * else the request gets all of it.
 */
import { MiB } from '../../units.js';
import { roundUp } from './pools.js';

/** `kMinAllocationSize`. */
const granularityBytes = 256;
/** Default where the option `fragmentation_fraction` is 0: a rest of this size is always split off, a smaller one only if at least as large as the request. */
const maxUndividedRestBytes = 128 * MiB;

const roundedBytes = (bytes: number): number => roundUp(bytes, granularityBytes);

/** What a step asks of its pool. */
export interface BfcRequests {
  /** Parameters, optimizer state and data, in the order in which they reach the device. */
  readonly argumentBytes: readonly number[];
  readonly constantBytes: number;
  /** XLA's arena: one block, allocated last. */
  readonly temporaryBytes: number;
}

/** Chunks in order of allocation; an array without elements takes none. */
function chunkBytes({ argumentBytes, constantBytes, temporaryBytes }: BfcRequests): readonly number[] {
  const chunks: number[] = [];
  for (const bytes of argumentBytes) if (bytes > 0) chunks.push(roundedBytes(bytes));
  for (const bytes of [constantBytes, temporaryBytes]) if (bytes > 0) chunks.push(roundedBytes(bytes));
  return chunks;
}

/** Bytes in use while the step runs, were every chunk divided. */
export function bfcAllocatedBytes(requests: BfcRequests): number {
  const { argumentBytes, constantBytes, temporaryBytes } = requests;
  let sum = roundedBytes(constantBytes) + roundedBytes(temporaryBytes);
  for (const bytes of argumentBytes) sum += roundedBytes(bytes);
  return sum;
}

/**
 * What a pool holds that begins empty and grows up to a limit: in regions, the first of 2 MiB, of a power of two that holds what is asked for
 * and twice the last, as far as the limit leaves room (`BFCAllocator::Extend`, `curr_region_allocation_bytes_`). No chunk spans two regions.
 */
export function bfcGrownPool(requests: BfcRequests, limitBytes: number): number {
  const freeBytes: number[] = [];
  let regionBytes = 2 * MiB;
  let heldBytes = 0;
  for (const bytes of chunkBytes(requests)) {
    const region = freeBytes.findIndex((free) => free >= bytes);
    if (region >= 0) {
      freeBytes[region]! -= bytes;
      continue;
    }
    while (regionBytes < bytes) regionBytes *= 2;
    const extendedBytes = Math.max(bytes, Math.min(regionBytes, limitBytes - heldBytes));
    heldBytes += extendedBytes;
    freeBytes.push(extendedBytes - bytes);
    regionBytes *= 2;
  }
  return heldBytes;
}

/** `laterBytes`: for all chunks after it. */
function withChunk(laterBytes: number, requestedBytes: number): number {
  const bytes = roundedBytes(requestedBytes);
  if (laterBytes === 0 || bytes === 0) return laterBytes + bytes;
  return bytes + Math.max(laterBytes, Math.min(bytes, maxUndividedRestBytes));
}

/**
 * Smallest fresh pool that takes the step. From the last chunk back: what is free before an allocation must hold it and all later
 * ones, and must be large enough to be divided if any follow.
 */
export function bfcPool({ argumentBytes, constantBytes, temporaryBytes }: BfcRequests): number {
  let heldBytes = withChunk(withChunk(0, temporaryBytes), constantBytes);
  for (let i = argumentBytes.length - 1; i >= 0; i--) heldBytes = withChunk(heldBytes, argumentBytes[i]!);
  return heldBytes;
}
