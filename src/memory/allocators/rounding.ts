/** Sizes of PyTorch's caching allocator, from c10/cuda/CUDACachingAllocator.h of torch 2.13; defaults, no environment settings. */
import { MiB } from '../../units.js';

/** `kMinBlockSize`: every block is a multiple of it. */
export const minBlockBytes = 512;
/** `kSmallSize`: larger requests go to the other pool, and a smaller rest of a large block stays undivided. */
export const smallRequestBytes = MiB;
/** `kSmallBuffer`: segment of the small pool; page of a small expandable segment. */
export const smallSegmentBytes = 2 * MiB;
/** `kLargeBuffer`: segment for requests below `kMinLargeAlloc`; page of a large expandable segment. */
export const largeSegmentBytes = 20 * MiB;
/** `kMinLargeAlloc`: from here on a request gets a segment of its own size. */
export const ownSegmentBytes = 10 * MiB;
/** `kRoundLarge`: granularity of such segments. */
export const ownSegmentGranularityBytes = 2 * MiB;

export const roundUp = (bytes: number, multiple: number): number => Math.ceil(bytes / multiple) * multiple;

/** Bytes of the block that a request of `bytes` gets, before undivided rests. */
export const roundedBytes = (bytes: number): number =>
  bytes < minBlockBytes ? minBlockBytes : roundUp(bytes, minBlockBytes);
