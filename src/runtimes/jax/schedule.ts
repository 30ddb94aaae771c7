/**
 * The order in which XLA runs its kernels, and which arrays each of them reads. XLA frees a buffer after the last kernel that
 * reads it (hlo_live_range), so lifetimes are stated nowhere: they follow from this list.
 */
import { TraceRecorder } from '../../memory/recorder.js';
import type { Category, Phase, Trace } from '../../memory/trace.js';
import type { Shape } from '../../program/shape.js';
import type { Module } from '../../program/types.js';

export type BufferId = number;

interface Buffer {
  readonly shape: Shape;
  readonly elementBytes: number;
  readonly category: Category;
  readonly dtype: string | undefined;
}

interface Kernel {
  readonly name: string;
  readonly module: Module;
  readonly phase: Phase;
  readonly recompute: boolean;
  readonly reads: readonly BufferId[];
  readonly writes: BufferId[];
}

/** The phase and module that kernels are written down with. */
export interface Place {
  readonly phase: Phase;
  readonly module: Module;
  readonly recompute: boolean;
}

export class Schedule {
  private readonly buffers: Buffer[] = [];
  private readonly kernels: Kernel[] = [];
  private readonly results = new Set<BufferId>();
  private place: Place = { phase: 'setup', module: 'inputs', recompute: false };

  within<T>(place: Partial<Place>, body: () => T): T {
    const outer = this.place;
    this.place = { ...outer, ...place };
    const result = body();
    this.place = outer;
    return result;
  }

  /** An array that a kernel will write. */
  buffer(shape: Shape, elementBytes: number, category: Category = 'temporary', dtype?: string): BufferId {
    return this.buffers.push({ shape, elementBytes, category, dtype }) - 1;
  }

  run(name: string, reads: readonly BufferId[], writes: readonly BufferId[] = []): void {
    this.kernels.push({ ...this.place, name, reads, writes: [...writes] });
  }

  /** A kernel at this place of the order whose results are named later. */
  open(name: string): (buffer: BufferId) => void {
    const kernel: Kernel = { ...this.place, name, reads: [], writes: [] };
    this.kernels.push(kernel);
    return (buffer) => kernel.writes.push(buffer);
  }

  /** Donated arguments and results live until the step ends. */
  keepToTheEnd(buffer: BufferId): void {
    this.results.add(buffer);
  }

  trace(): Trace {
    const lastUse = this.lastUses();
    const firstBackward = this.kernels.findIndex(({ phase }) => phase === 'backward');
    const recorder = new TraceRecorder();
    const storageOf = new Map<BufferId, number>();
    let previous: Kernel | undefined;
    for (const [index, kernel] of this.kernels.entries()) {
      if (kernel.phase !== previous?.phase || kernel.recompute !== previous.recompute) {
        recorder.mark(kernel.phase, kernel.recompute);
        if (kernel.phase !== 'setup' && (previous === undefined || previous.phase === 'setup')) recorder.markLastStep();
      }
      previous = kernel;
      recorder.currentOperation = recorder.operation(kernel.name);
      recorder.currentModule = recorder.module(kernel.module);
      for (const id of kernel.writes) {
        if (storageOf.has(id)) continue;
        const { shape, elementBytes, category, dtype } = this.buffers[id]!;
        const storage = recorder.allocate(shape, elementBytes, dtype);
        const neededBackward = kernel.phase === 'forward' ? lastUse[id]! >= firstBackward : kernel.recompute;
        const made = category === 'temporary' && neededBackward && lastUse[id]! > index;
        recorder.categorize(storage, made && firstBackward >= 0 ? 'activation' : category);
        storageOf.set(id, storage);
      }
      for (const id of new Set([...kernel.reads, ...kernel.writes])) {
        if (lastUse[id] === index) recorder.release(storageOf.get(id)!);
      }
    }
    return recorder.finish();
  }

  /** Per buffer: the last kernel that touches it. */
  private lastUses(): number[] {
    const last: number[] = new Array(this.buffers.length).fill(-1);
    for (const [index, { reads, writes }] of this.kernels.entries()) {
      for (const id of reads) last[id] = index;
      for (const id of writes) last[id] = index;
    }
    for (const id of this.results) last[id] = Number.POSITIVE_INFINITY;
    return last;
  }
}
