/**
 * The order in which XLA runs its kernels, and which arrays each of them reads. XLA frees a buffer after the last kernel that
 * reads it (hlo_live_range), so lifetimes are stated nowhere: they follow from this list.
 */

import { constant, type Dimensions, numElements, type Shape } from '../../ir/shape.js';
import { TraceRecorder } from '../../memory/recorder.js';
import type { Category, Trace } from '../../memory/trace.js';
import { type Arena, type ArenaArray, arenaOf } from './arena.js';
import type { Buffer, BufferId, Kernel, Place } from './kernel.js';
import { inOrder } from './kernel-order.js';
import { pointerBytes } from './list-order.js';
import { orderOfLoop } from './memory-order.js';
import { placedInResults, type StepArray } from './outputs.js';
import { gapBytes } from './packing.js';
import type { Sizes } from './sizes.js';

interface Barrier {
  readonly behind: readonly BufferId[];
  readonly parameter: () => BufferId;
}

export interface Packs {
  readonly sizes: Dimensions;
  /** Every array and the order are XLA's: of how many of the largest the arena is laid out as XLA lays it out. */
  readonly mostInArena?: number;
}

const resultMemory = 'memory of a result';

const gaps = 'gap';

/** What the arena is larger than its arrays. */
export const isGap = ({ layouts, bufferLayout }: Pick<Trace, 'layouts' | 'bufferLayout'>, buffer: number): boolean =>
  layouts[bufferLayout[buffer]!]!.dtype === gaps;

export class Schedule {
  private readonly buffers: Buffer[] = [];
  private kernels: Kernel[] = [];
  private readonly results = new Set<BufferId>();
  private readonly outputs: BufferId[] = [];
  private place: Place = { phase: 'setup', module: 'inputs', recompute: false };

  within<T>(place: Partial<Place>, body: () => T): T {
    const outer = this.place;
    this.place = { ...outer, ...place };
    const result = body();
    this.place = outer;
    return result;
  }

  /** An array that a kernel will write. */
  buffer(shape: Shape, elementBytes: number, category: Category = 'temporary'): BufferId {
    return this.buffers.push({ shape, elementBytes, category, origin: 'device' }) - 1;
  }

  bytesOf(id: BufferId, sizes: Dimensions): number {
    const { shape, elementBytes } = this.buffers[id]!;
    return numElements(shape, sizes) * elementBytes;
  }

  /** The symbol of its rows. */
  rowsOf(id: BufferId): string {
    return this.buffers[id]!.shape[0]!.symbol;
  }

  private bytesOfAll(sizes: Dimensions): readonly number[] {
    return [...this.buffers.keys()].map((id) => this.bytesOf(id, sizes));
  }

  /** Another array of the same kind. */
  like(buffer: BufferId): BufferId {
    return this.buffers.push(this.buffers[buffer]!) - 1;
  }

  /** An array that the executable brings along. */
  constant(shape: Shape, elementBytes: number): BufferId {
    return this.buffers.push({ shape, elementBytes, category: 'temporary', origin: 'executable' }) - 1;
  }

  run(
    name: string,
    reads: readonly BufferId[],
    writes: readonly BufferId[] = [],
    kind?: Kernel['kind'],
    bytesRead?: number,
    bytesBeside?: number,
  ): void {
    this.kernels.push({
      name,
      place: this.place,
      reads,
      writes,
      ...(kind && { kind }),
      ...(bytesRead && { bytesRead }),
      ...(bytesBeside && { bytesBeside }),
    });
  }

  /** The kernel that wrote an array, once more, into one of its own. */
  again(array: BufferId): BufferId {
    const copy = this.like(array);
    const written = this.kernels.find(({ writes }) => writes.includes(array))!;
    this.kernels.push({ ...written, place: this.place, writes: [copy] });
    return copy;
  }

  /** A kernel of a few threads. */
  compute(
    name: string,
    reads: readonly BufferId[],
    writes: readonly BufferId[],
    operations: number,
    threads = 1,
  ): void {
    this.kernels.push({ name, place: this.place, reads, writes, computes: { operations, threads } });
  }

  /** What a recomputed block reads passes it (`kernel-order.ts`). `behind`: each array under another name. `parameter`: another element. */
  barrier(arrays: readonly BufferId[], numParameters: number): Barrier {
    const tuple = this.buffer([constant(arrays.length + numParameters)], pointerBytes);
    this.run('what is read behind a barrier', arrays, [tuple], 'tuple');
    const elements = arrays.map((array) => this.like(array));
    const behind = [...elements];
    const parameter = () => {
      const element = this.buffer([constant(0)], 1);
      elements.push(element);
      return element;
    };
    parameter();
    this.run('barrier', [...arrays, tuple], elements, 'barrier');
    return { behind, parameter };
  }

  /** A kernel at this place of the order whose results are named later. */
  open(name: string): (buffer: BufferId) => void {
    const writes: BufferId[] = [];
    this.run(name, [], writes);
    return (buffer) => writes.push(buffer);
  }

  /** Donated arguments and results live until the step ends. */
  keepToTheEnd(buffer: BufferId): void {
    this.results.add(buffer);
  }

  /** A result of the step: there from the start, and other arrays may lie in it until it is written. */
  output(shape: Shape, elementBytes: number, category?: Category): BufferId {
    const buffer = this.buffer(shape, elementBytes, category);
    this.outputs.push(buffer);
    this.run(resultMemory, [], [buffer]);
    this.keepToTheEnd(buffer);
    return buffer;
  }

  /** Puts what stands between the setup and here in XLA's order (`kernel-order.ts`). */
  putInOrder(sizes: Dimensions, pads: boolean, hidesLatency: boolean): void {
    const first = this.kernels.findIndex(({ place, name }) => place.phase !== 'setup' && name !== resultMemory);
    const arrays = { buffers: this.buffers, bytesOf: this.bytesOfAll(sizes), sizes };
    const ordered = inOrder(this.kernels.slice(first), this.results, arrays, { pads, hidesLatency });
    let backward = false;
    const reordered = ordered.map((kernel): Kernel => {
      const { phase } = kernel.place;
      backward ||= phase === 'backward';
      return backward && phase !== 'backward' ? { ...kernel, place: { ...kernel.place, phase: 'backward' } } : kernel;
    });
    this.kernels = [...this.kernels.slice(0, first), ...reordered];
  }

  /** The kernel at `index` makes an array of another one too, if nothing reads it before (`kernel-order.ts`). */
  makeBeside(array: BufferId, index: number): void {
    this.kernels[index] = { ...this.kernels[index]!, beside: array };
  }

  /** The last kernel before the one before it. */
  swapLast(): void {
    this.kernels.push(...this.kernels.splice(-2).reverse());
  }

  /** Number of kernels so far: a place to come back to. */
  get length(): number {
    return this.kernels.length;
  }

  /** Reorders what stands behind the first `from` kernels, the body of a loop with this state (`memory-order.ts`). */
  orderByMemory(from: number, state: readonly BufferId[], sizes: Dimensions): void {
    const body = this.kernels.slice(from);
    const outside = new Set(this.kernels.slice(0, from).flatMap(({ reads, writes }) => [...reads, ...writes]));
    const bytesOf = this.bytesOfAll(sizes);
    const stateBytes = state.reduce((sum, id) => sum + bytesOf[id]!, 0);
    const order = orderOfLoop(body, { bytesOf, isOutside: (id) => outside.has(id) }, stateBytes);
    this.kernels = [...this.kernels.slice(0, from), ...order.map((index) => body[index]!)];
  }

  /** `sizes`: where arrays may lie in results. `packs`: where the gaps between arrays count. */
  trace(sizes?: Sizes, packs?: Packs): Trace {
    const { buffers, kernels } = this;
    const lastUse = this.lastUses();
    const placed = sizes === undefined ? undefined : this.placedInOutputs(sizes, lastUse);
    const firstBackward = kernels.findIndex(({ place }) => place.phase === 'backward');
    const recorder = new TraceRecorder();
    const storageOf = new Int32Array(buffers.length).fill(-1);
    const release = (id: BufferId, index: number) => {
      if (lastUse[id] !== index || storageOf[id]! < 0) return;
      recorder.release(storageOf[id]!);
      lastUse[id] = -1;
    };
    const arena = packs && this.arena(packs, lastUse, placed);
    let previous: Place | undefined;
    // By index here and below: a search traces in code that has just started, where iterators of pairs are dear.
    for (let index = 0; index < kernels.length; index++) {
      const { name, place, reads, writes } = kernels[index]!;
      const { phase, module, recompute } = place;
      if (phase !== previous?.phase || recompute !== previous.recompute) {
        recorder.mark(phase, recompute);
        if (phase !== 'setup' && (previous === undefined || previous.phase === 'setup')) {
          recorder.markLastStep();
          if (arena !== undefined && arena.gapBytes > 0) {
            recorder.currentOperation = recorder.operation('gaps between arrays');
            recorder.currentModule = recorder.module('other');
            recorder.allocate([constant(arena.gapBytes)], 1, gaps);
          }
        }
      }
      previous = place;
      recorder.currentOperation = recorder.operation(name);
      recorder.currentModule = recorder.module(module);
      for (const id of writes) {
        if (storageOf[id]! >= 0 || placed?.has(id)) continue;
        const over = arena?.takenOver.get(id);
        if (over !== undefined) release(over, index);
        const { shape, elementBytes, category, origin } = buffers[id]!;
        recorder.currentOrigin = origin;
        storageOf[id] = recorder.allocate(shape, elementBytes);
        const neededBackward = phase === 'forward' ? firstBackward >= 0 && lastUse[id]! >= firstBackward : recompute;
        const kept = category === 'temporary' && neededBackward && lastUse[id]! > index;
        recorder.categorize(storageOf[id]!, kept ? 'activation' : category);
      }
      for (const id of reads) release(id, index);
      for (const id of writes) release(id, index);
    }
    return recorder.finish();
  }

  /** Arrays that are neither results nor in one. */
  private arena(
    { sizes, mostInArena }: Packs,
    lastUse: Float64Array,
    placed: ReadonlySet<BufferId> | undefined,
  ): Arena {
    const { buffers } = this;
    const outputs = new Set(this.outputs);
    const firstWrite = this.firstWrites();
    const arrays = [...buffers.keys()]
      .filter((id) => firstWrite[id]! >= 0 && Number.isFinite(lastUse[id]!) && !outputs.has(id) && !placed?.has(id))
      .map((id): ArenaArray => {
        const { shape, elementBytes } = buffers[id]!;
        return { id, bytes: numElements(shape, sizes) * elementBytes, first: firstWrite[id]!, last: lastUse[id]! };
      });
    return mostInArena === undefined
      ? { gapBytes: gapBytes(arrays), takenOver: new Map() }
      : arenaOf(arrays, this.kernels, mostInArena);
  }

  /** Per buffer: the first kernel of the step that writes it. */
  private firstWrites(): Float64Array {
    const { kernels } = this;
    const first = new Float64Array(this.buffers.length).fill(-1);
    for (let index = 0; index < kernels.length; index++) {
      const { name, place, writes } = kernels[index]!;
      if (place.phase === 'setup' || name === resultMemory) continue;
      for (const id of writes) if (first[id]! < 0) first[id] = index;
    }
    return first;
  }

  private placedInOutputs(sizes: Sizes, lastUse: Float64Array): ReadonlySet<BufferId> {
    const { buffers, outputs } = this;
    const firstWrite = this.firstWrites();
    // A product reads rows of all samples, a `bitcast`, which XLA takes for the array that ends: whoever reads the array itself begins elsewhere.
    const isOutput = new Set(outputs);
    const temporaries = [...buffers.keys()].filter(
      (id) => buffers[id]!.category === 'temporary' && firstWrite[id]! >= 0 && !isOutput.has(id),
    );
    const sizeOf = (id: BufferId) => [buffers[id]!.shape, buffers[id]!.elementBytes] as const;
    const bytesOf = new Float64Array(buffers.length);
    const compared = [...temporaries, ...outputs];
    for (const [index, bytes] of sizes.compared(compared.map(sizeOf), outputs.map(sizeOf)).entries())
      bytesOf[compared[index]!] = bytes;
    const operands = new Set(this.kernels.flatMap(({ kind, reads }) => (kind === 'product' ? reads : [])));
    const lifetime = (id: BufferId): StepArray => {
      const [bytes, first] = [bytesOf[id]!, firstWrite[id]!];
      const writer = this.kernels[first];
      const isOverwritten = (read: BufferId) => bytesOf[read] === bytes && !operands.has(read);
      const overwrites = writer?.kind === 'elementwise' ? writer.reads.filter(isOverwritten) : [];
      return { id, bytes, first, last: lastUse[id]!, overwrites };
    };
    const placed = placedInResults(temporaries.map(lifetime), outputs.map(lifetime));
    return new Set([...placed].map((index) => temporaries[index]!));
  }

  /** Per buffer: the last kernel that touches it; `Infinity` where it lives on. */
  private lastUses(): Float64Array {
    const { kernels } = this;
    const last = new Float64Array(this.buffers.length).fill(-1);
    for (let index = 0; index < kernels.length; index++) {
      const { reads, writes } = kernels[index]!;
      for (const id of reads) last[id] = index;
      for (const id of writes) last[id] = index;
    }
    for (const id of this.results) last[id] = Number.POSITIVE_INFINITY;
    return last;
  }
}
