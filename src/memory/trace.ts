/**
 * One training step (or several, in a row) as an ordered list of allocations and frees: what every runtime produces and what
 * liveness, allocators and reports consume. Columns instead of objects, because a search replays millions of events.
 */
import type { Config } from '../config/types.js';
import { type Dimensions, numElements, type Shape } from '../ir/shape.js';

/** They partition the live bytes; see `docs/memory-model.md` for what belongs where. */
export const categories = ['parameter', 'gradient', 'optimizer', 'input', 'activation', 'temporary'] as const;
export type Category = (typeof categories)[number];
/** Index into `categories`, as a trace holds it. */
export const categoryCode = Object.fromEntries(categories.map((category, code) => [category, code])) as Readonly<
  Record<Category, number>
>;

/** `validation`: a forward pass without gradients after the update, while gradients and optimizer states lie there. */
export const phases = ['setup', 'forward', 'backward', 'optimizer', 'validation'] as const;
export type Phase = (typeof phases)[number];

/** Where an array's contents come from: a kernel on the device, the executable's own constants, or the host (`--offload boundary`). */
export const origins = ['device', 'executable', 'host'] as const;
export type Origin = (typeof origins)[number];
/** Index into `origins`, as a trace holds it. */
export const originCode = Object.fromEntries(origins.map((origin, code) => [origin, code])) as Readonly<
  Record<Origin, number>
>;

/** One distinct array layout; few (about 50) per trace. */
export interface Layout {
  readonly shape: Shape;
  readonly elementBytes: number;
  readonly dtype: string;
}

/** From this event on events belong to that step of a rollout. */
export interface TurnMark {
  readonly turn: number;
  readonly firstEvent: number;
}

export interface Trace {
  readonly layouts: readonly Layout[];
  /** What people read; nothing is found by it. */
  readonly operations: readonly string[];
  /** Per operation: the block of the program that it belongs to, e.g. `mesh.3.edges`; empty where it belongs to none. */
  readonly operationBlocks: readonly string[];
  readonly modules: readonly string[];
  /** Chronological: i > 0 allocates buffer i − 1, i < 0 frees buffer −i − 1. Buffers are numbered in order of allocation. */
  readonly events: Int32Array;
  /** Per buffer: index into `layouts`. */
  readonly bufferLayout: Uint32Array;
  /** Per buffer: index into `categories`. */
  readonly bufferCategory: Uint8Array;
  /** Per buffer: index into `modules`. */
  readonly bufferModule: Uint32Array;
  /** Per buffer: index into `operations`, the operation that made it. */
  readonly bufferOperation: Uint32Array;
  /** Per buffer: index into `origins`. */
  readonly bufferOrigin: Uint8Array;
  /** Chronological; a phase lasts until the next mark. */
  readonly marks: readonly { readonly phase: Phase; readonly firstEvent: number; readonly recompute?: boolean }[];
  /** First event of the last step. Peaks are looked for from here on; allocators replay from the beginning. */
  readonly lastStepFirstEvent: number;
  /** Which step of a rollout events belong to; absent: it is not known, or one that is written once stands for several. */
  readonly turnMarks?: readonly TurnMark[];
  /** Whether another configuration, which differs from its own in sizes alone, has this trace too; absent: it is not known to. */
  readonly holdsFor?: (config: Config) => boolean;
}

export const layoutBytes = (layout: Layout, dimensions: Dimensions): number =>
  numElements(layout.shape, dimensions) * layout.elementBytes;

/** Bytes of every buffer at the given sizes. */
export const bufferBytes = (trace: Trace, dimensions: Dimensions): Float64Array =>
  filled(new Float64Array(trace.bufferLayout.length), trace, (layout) => layoutBytes(layout, dimensions));

function filled(
  bytesOfBuffer: Float64Array,
  { layouts, bufferLayout }: Trace,
  bytesOf: (layout: Layout) => number,
): Float64Array {
  const bytesOfLayout = Float64Array.from(layouts, bytesOf);
  for (let i = 0; i < bytesOfBuffer.length; i++) bytesOfBuffer[i] = bytesOfLayout[bufferLayout[i]!]!;
  return bytesOfBuffer;
}

let reused = new Float64Array(0);

/**
 * As `bufferBytes`, into memory that the next call overwrites: a search asks a hundred thousand times. `rounded`: to what an allocator
 * makes of an array's bytes, once per layout.
 */
export function reusedBytes(trace: Trace, dimensions: Dimensions, rounded = (bytes: number) => bytes) {
  const { length } = trace.bufferLayout;
  if (reused.length < length) reused = new Float64Array(2 * length);
  return {
    bytesOfBuffer: filled(reused.subarray(0, length), trace, (layout) => rounded(layoutBytes(layout, dimensions))),
  };
}
