/**
 * PyTorch's caching allocator as plainly as it can be written: a segment is a list of blocks in address order, and every question is
 * put to all of them. What `src/memory/allocators` is compared with.
 */
import {
  largeSegmentBytes,
  minBlockBytes,
  ownSegmentBytes,
  ownSegmentGranularityBytes,
  roundedBytes,
  roundUp,
  smallRequestBytes,
  smallSegmentBytes,
} from '../../../src/memory/allocators/pools.js';

interface Block {
  bytes: number;
  state: 'free' | 'used' | 'unmapped';
}

interface Segment {
  readonly isSmall: boolean;
  blocks: Block[];
}

export class PlainAllocator {
  /** Lowest first. */
  segments: Segment[];
  reservedBytes = 0;
  peakReservedBytes = 0;
  peakAllocatedBytes = 0;
  numFlushes = 0;

  constructor(
    private readonly expandable: boolean,
    private readonly capacityBytes = Number.POSITIVE_INFINITY,
  ) {
    const range = (isSmall: boolean): Segment => ({
      isSmall,
      blocks: [{ bytes: Number.POSITIVE_INFINITY, state: 'unmapped' }],
    });
    this.segments = expandable ? [range(true), range(false)] : [];
  }

  get allocatedBytes(): number {
    return sum(this.segments.flatMap(({ blocks }) => blocks.filter(({ state }) => state === 'used')));
  }

  allocate(requestedBytes: number): Block | undefined {
    const bytes = roundedBytes(requestedBytes);
    const isSmall = bytes <= smallRequestBytes;
    let block = this.bestFit(isSmall, bytes) ?? this.grow(isSmall, bytes);
    if (block === undefined) {
      this.numFlushes++;
      this.trim();
      block = this.grow(isSmall, bytes);
    }
    if (block === undefined) return undefined;
    const minRestBytes = isSmall || this.expandable ? minBlockBytes : smallRequestBytes + minBlockBytes;
    if (block.bytes - bytes >= minRestBytes) {
      const { blocks } = this.segmentOf(block);
      blocks.splice(blocks.indexOf(block) + 1, 0, { bytes: block.bytes - bytes, state: 'free' });
      block.bytes = bytes;
    }
    block.state = 'used';
    this.peakAllocatedBytes = Math.max(this.peakAllocatedBytes, this.allocatedBytes);
    return block;
  }

  free(block: Block): void {
    block.state = 'free';
    merge(this.segmentOf(block));
  }

  private segmentOf(block: Block): Segment {
    return this.segments.find(({ blocks }) => blocks.includes(block))!;
  }

  private bestFit(isSmall: boolean, bytes: number): Block | undefined {
    const found = this.segments
      .filter((segment) => segment.isSmall === isSmall)
      .flatMap(({ blocks }) => blocks.map((block, i) => ({ block, next: blocks[i + 1] })))
      .filter(({ block }) => block.state === 'free' && block.bytes >= bytes)
      .map(({ block, next }) => ({ block, growsBy: next?.state === 'unmapped' ? next.bytes : 0 }))
      .sort((a, b) => a.block.bytes - b.block.bytes);
    const grown = (i: number): number => found[i]!.block.bytes + found[i]!.growsBy;
    let i = 0;
    while (i + 1 < found.length && found[i]!.growsBy > 0 && grown(i + 1) < grown(i)) i++;
    return found[i]?.block;
  }

  private grow(isSmall: boolean, bytes: number): Block | undefined {
    if (this.expandable) return this.map(this.segments.find((segment) => segment.isSmall === isSmall)!, bytes);
    const large = bytes < ownSegmentBytes ? largeSegmentBytes : roundUp(bytes, ownSegmentGranularityBytes);
    const block: Block = { bytes: isSmall ? smallSegmentBytes : large, state: 'free' };
    if (!this.reserve(block.bytes)) return undefined;
    this.segments.push({ isSmall, blocks: [block] });
    return block;
  }

  private reserve(bytes: number): boolean {
    if (this.reservedBytes + bytes > this.capacityBytes) return false;
    this.reservedBytes += bytes;
    this.peakReservedBytes = Math.max(this.peakReservedBytes, this.reservedBytes);
    return true;
  }

  /** Memory for the lowest run of free and unmapped blocks that is long enough. */
  private map(segment: Segment, bytes: number): Block | undefined {
    const page = segment.isSmall ? smallSegmentBytes : largeSegmentBytes;
    const isRun = (start: number): boolean => {
      const after = segment.blocks.slice(start);
      const end = after.findIndex(({ state }) => state === 'used');
      const run = end < 0 ? after : after.slice(0, end);
      return run.slice(0, 2).some(({ state }) => state === 'unmapped') && sum(run) >= bytes;
    };
    const start = segment.blocks.findIndex((_, i) => isRun(i));
    for (;;) {
      const first = segment.blocks[start]!;
      const mapped = first.state === 'free' ? first.bytes : 0;
      if (mapped >= bytes) return first;
      const hole = segment.blocks[mapped > 0 ? start + 1 : start]!;
      const mappedBytes = roundUp(Math.min(bytes - mapped, hole.bytes), page);
      if (!this.reserve(mappedBytes)) return undefined;
      segment.blocks.splice(segment.blocks.indexOf(hole), 0, { bytes: mappedBytes, state: 'free' });
      hole.bytes -= mappedBytes;
      segment.blocks = segment.blocks.filter((block) => block.bytes > 0);
      merge(segment);
    }
  }

  private trim(): void {
    if (this.expandable) for (const segment of this.segments) this.unmap(segment);
    const isUnused = ({ blocks }: Segment): boolean => blocks.length === 1 && blocks[0]!.state === 'free';
    this.segments = this.segments.filter((segment) => !isUnused(segment));
    this.reservedBytes = sum(this.segments.flatMap(({ blocks }) => blocks.filter(({ state }) => state !== 'unmapped')));
  }

  /** Whole pages of what is free lose their memory. */
  private unmap(segment: Segment): void {
    const page = segment.isSmall ? smallSegmentBytes : largeSegmentBytes;
    let address = 0;
    segment.blocks = segment.blocks.flatMap((block): Block[] => {
      const end = address + block.bytes;
      const [from, to] = [roundUp(address, page), Math.floor(end / page) * page];
      const parts = [from - address, to - from, end - to];
      address = end;
      if (block.state !== 'free' || from >= to) return [block];
      return parts
        .map((bytes, i): Block => ({ bytes, state: i === 1 ? 'unmapped' : 'free' }))
        .filter(({ bytes }) => bytes > 0);
    });
    merge(segment);
  }
}

const sum = (blocks: readonly Block[]): number => blocks.reduce((total, { bytes }) => total + bytes, 0);

/** Neighbours that are free, or unmapped, become one. */
function merge(segment: Segment): void {
  const merged: Block[] = [];
  for (const block of segment.blocks) {
    const before = merged.at(-1);
    if (before !== undefined && before.state !== 'used' && before.state === block.state) before.bytes += block.bytes;
    else merged.push(block);
  }
  segment.blocks = merged;
}
