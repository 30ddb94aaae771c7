/**
 * The kernels of a step whose gradients meet those of other cards, in the order in which XLA runs them: what nothing reads is left out, the rest
 * is ordered for memory (`memory-order.ts`) and on Hopper and Blackwell then so that others run while a collective is waited for
 * (`latency-hiding.ts`).
 *
 * What is recomputed stands behind a barrier (jax, ad_checkpoint.py, `_remat_lowering`: `opt-barrier`), which waits for all that is read behind it,
 * the gradients that come in among it. A tuple of all that and the barrier itself take no time, but are placed like kernels and waited for;
 * each array and each parameter behind it is an element of its own, placed at once (`timed`). When the order is known barriers go
 * (optimization_barrier_expander.cc), and what was read behind them is the array before.
 */
import type { BufferId, Kernel } from './kernel.js';
import { type Arrays, isProduct, timed } from './kernel-times.js';
import { hideLatency } from './latency-hiding.js';
import { orderOfStep } from './memory-order.js';

interface Scheduling {
  /** Rows of products are padded. */
  readonly pads: boolean;
  readonly hidesLatency: boolean;
}

export function inOrder(
  written: readonly Kernel[],
  results: ReadonlySet<BufferId>,
  arrays: Arrays,
  { pads, hidesLatency }: Scheduling,
): readonly Kernel[] {
  const kernels = inOrderOfMemory(withSiblings(needed(written, results)), arrays, pads);
  const order = hidesLatency
    ? hideLatency(timed(kernels, arrays, pads)).filter((index) => index < kernels.length)
    : [...kernels.keys()];
  const { original } = behindBarriers(kernels);
  const ordered = order.map((index) => kernels[index]!).filter(({ kind }) => kind !== 'tuple' && kind !== 'barrier');
  return withoutCopies(ordered.map((kernel) => under(kernel, original)));
}

/** XLA removes what nothing reads (hlo_dce.cc), which would run last here. Readers stand behind; what has met is always read. */
function needed(kernels: readonly Kernel[], results: ReadonlySet<BufferId>): readonly Kernel[] {
  const read = new Set(results);
  return kernels
    .toReversed()
    .filter(({ reads, writes, kind }) => {
      const isNeeded = writes.length === 0 || kind === 'end' || writes.some((id) => read.has(id));
      if (isNeeded) for (const id of reads) read.add(id);
      return isNeeded;
    })
    .reverse();
}

/** Two kernels that read the same are one (multi_output_fusion.cc), each of whose results is computed from what it reads. */
function withSiblings(kernels: readonly Kernel[]): readonly Kernel[] {
  const siblings = new Set<Kernel>();
  const joined = kernels.map((kernel, index) => {
    const { beside } = kernel;
    if (beside === undefined || kernels.findIndex(({ reads }) => reads.includes(beside)) < index) return kernel;
    const sibling = kernels.find(({ writes }) => writes.includes(beside))!;
    siblings.add(sibling);
    return { ...kernel, reads: [...sibling.reads, ...kernel.reads], writes: [...kernel.writes, ...sibling.writes] };
  });
  return joined.filter((kernel) => !siblings.has(kernel));
}

/** XLA first schedules every step for memory (gpu_hlo_schedule.cc, `ScheduleGpuModule`). */
function inOrderOfMemory(kernels: readonly Kernel[], { buffers, bytesOf }: Arrays, pads: boolean): readonly Kernel[] {
  const isMade = new Uint8Array(buffers.length);
  /** What a product writes, or is copied for one. */
  const isMatrix = new Uint8Array(buffers.length);
  for (const { kind, writes } of kernels)
    for (const id of writes) {
      isMade[id] = 1;
      if (isProduct(kind) || kind === 'copy') isMatrix[id] = 1;
    }
  const isRelaid = (id: BufferId) => isMatrix[id] === 0 && (!pads || buffers[id]!.shape.length === 3);
  const { original, moment } = behindBarriers(kernels);
  const steps = kernels.map((kernel) => {
    if (kernel.kind === 'barrier') return { ...kernel, writes: kernel.writes.filter((id) => moment(id) === undefined) };
    const { reads, writes } = under(kernel, original);
    const moments = momentsOf(kernel, moment);
    const step = moments.length > 0 ? { reads: [...reads, ...moments], writes } : { reads, writes };
    return isProduct(kernel.kind) ? { ...step, relaid: new Set(step.reads.filter(isRelaid)) } : step;
  });
  const order = orderOfStep(steps, { bytesOf, isOutside: (id) => isMade[id] === 0 });
  return order.map((index) => kernels[index]!);
}

/** Of all arrays behind barriers that a kernel touches, each once. */
function momentsOf({ reads, writes }: Kernel, moment: Behind['moment']): readonly BufferId[] {
  const moments: BufferId[] = [];
  for (const ids of [reads, writes])
    for (const id of ids) {
      const before = moment(id);
      if (before !== undefined && !moments.includes(before)) moments.push(before);
    }
  return moments;
}

/** Of an array behind a barrier: the one before, and the first of the barrier's elements that is none. */
interface Behind {
  readonly original: (id: BufferId) => BufferId;
  readonly moment: (id: BufferId) => BufferId | undefined;
}

function behindBarriers(kernels: readonly Kernel[]): Behind {
  const originals = new Map<BufferId, BufferId>();
  const moments = new Map<BufferId, BufferId>();
  const original = (id: BufferId) => originals.get(id) ?? id;
  for (const { reads, writes } of kernels.filter(({ kind }) => kind === 'barrier')) {
    // The last thing that it reads is the tuple.
    const arrays = reads.slice(0, -1);
    for (const [index, id] of arrays.entries()) {
      originals.set(writes[index]!, original(id));
      moments.set(writes[index]!, writes[arrays.length]!);
    }
  }
  return { original, moment: (id) => moments.get(id) };
}

function under(kernel: Kernel, nameOf: (id: BufferId) => BufferId): Kernel {
  const isSame = (id: BufferId) => nameOf(id) === id;
  if (kernel.reads.every(isSame) && kernel.writes.every(isSame)) return kernel;
  return { ...kernel, reads: kernel.reads.map(nameOf), writes: kernel.writes.map(nameOf) };
}

/**
 * XLA copies an array that a kernel overwrites and others read, and when it knows the order removes the copies whose original nobody reads
 * after that (gpu_compiler.cc, `RunPostSchedulingCopyInsertion`).
 */
function withoutCopies(kernels: readonly Kernel[]): readonly Kernel[] {
  const lastRead = new Map<BufferId, number>();
  const written = new Map<BufferId, number>();
  for (const [index, { kind, reads, writes }] of kernels.entries()) {
    for (const id of reads) lastRead.set(id, index);
    if (kind !== 'copy') for (const id of writes) if (!written.has(id)) written.set(id, index);
  }
  const originals = new Map<BufferId, BufferId>();
  for (const { kind, reads, writes } of kernels) {
    const [original, copy] = [reads[0]!, writes[0]!];
    if (kind === 'copy' && lastRead.get(original)! <= written.get(copy)!) originals.set(copy, original);
  }
  return kernels
    .filter(({ kind, writes }) => kind !== 'copy' || !originals.has(writes[0]!))
    .map((kernel) => under(kernel, (id) => originals.get(id) ?? id));
}
