/**
 * The order in which XLA runs its kernels, and which arrays each of them reads. XLA frees a buffer after the last kernel that
 * reads it (hlo_live_range), so lifetimes are stated nowhere: they follow from this list.
 */

import { axis, constant, type Dimensions, numElements, type Shape } from '../../ir/shape.js';
import type { Module } from '../../ir/types.js';
import { TraceRecorder } from '../../memory/recorder.js';
import type { Category, Origin, Phase, Trace } from '../../memory/trace.js';
import { type Arena, type ArenaArray, arenaOf } from './arena.js';
import { slownessOfColumns } from './column-sums.js';
import { hideLatency, type Timed } from './latency-hiding.js';
import { orderByMemory } from './memory-order.js';
import { placedInResults, type StepArray } from './outputs.js';
import { gapBytes } from './packing.js';
import { productSeconds } from './product-time.js';
import type { Sizes } from './sizes.js';

export type BufferId = number;

interface Buffer {
  readonly shape: Shape;
  readonly elementBytes: number;
  readonly category: Category;
  readonly origin: Origin;
}

interface Kernel {
  readonly name: string;
  readonly place: Place;
  readonly reads: readonly BufferId[];
  readonly writes: readonly BufferId[];
  /** Where XLA's cost model does not go by bytes. */
  /** What it reads, where that is not each array once. */
  readonly bytesRead?: number;
  readonly kind?: 'triton' | 'product' | 'weightProduct' | 'columns' | 'join' | 'start' | 'end' | 'elementwise';
}

/** The phase and module that kernels are written down with. */
export interface Place {
  readonly phase: Phase;
  readonly module: Module;
  readonly recompute: boolean;
}

interface Packs {
  readonly sizes: Dimensions;
  /** Every array and the order are XLA's. */
  readonly isWhole: boolean;
}

const resultMemory = 'memory of a result';

/** XLA counts 1 µs per kernel (gpu_performance_model_base.h, kKernelLaunchOverhead), in which an H100 moves this much. */
export const launchBytes = 3.35e6;
/** The scheduler's unit is as long (`kLowLatency`); a kernel that it has no model of costs a hundredth. */
const latencyBytes = launchBytes;
const tritonCost = 0.01;
/** What is read again comes from the second cache, if it fits there (gpu_performance_model_base.h, `kL2CacheSpeedup`). */
const cacheBytes = 52_428_800;
const cacheSpeedup = 2.5;
/** NVLink moves a byte of an all-reduce while the card's memory moves this many. */
const collectiveLatency = 14;
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
  ): void {
    this.kernels.push({
      name,
      place: this.place,
      reads,
      writes,
      ...(kind && { kind }),
      ...(bytesRead && { bytesRead }),
    });
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

  /** Reorders what stands between the setup and here, as XLA does where all of it meets in a collective (`latency-hiding.ts`). */
  hideLatency(sizes: Dimensions, pads: boolean): void {
    const first = this.kernels.findIndex(({ place, name }) => place.phase !== 'setup' && name !== resultMemory);
    const setup = this.kernels.slice(0, first);
    const kernels = this.kernels.slice(first);
    let backward = false;
    const order = hideLatency(this.timed(kernels, sizes, pads)).filter((index) => index < kernels.length);
    const reordered = order.map((index): Kernel => {
      const kernel = kernels[index]!;
      backward ||= kernel.place.phase === 'backward';
      return backward ? { ...kernel, place: { ...kernel.place, phase: 'backward' } } : kernel;
    });
    this.kernels = [...setup, ...reordered];
  }

  /** Number of kernels so far: a place to come back to. */
  get length(): number {
    return this.kernels.length;
  }

  /** Reorders what stands behind the first `from` kernels, the body of a loop with this state (`memory-order.ts`). */
  orderByMemory(from: number, state: readonly BufferId[], sizes: Dimensions): void {
    const body = this.kernels.slice(from);
    const outside = new Set(this.kernels.slice(0, from).flatMap(({ reads, writes }) => [...reads, ...writes]));
    const bytesOf = this.buffers.map(({ shape, elementBytes }) => numElements(shape, sizes) * elementBytes);
    const stateBytes = state.reduce((sum, id) => sum + bytesOf[id]!, 0);
    const order = orderByMemory(body, { bytesOf, isOutside: (id) => outside.has(id) }, stateBytes);
    this.kernels = [...this.kernels.slice(0, from), ...order.map((index) => body[index]!)];
  }

  /**
   * The kernels, and behind them the elements of tuples: what a product or a kernel with several results writes is read through
   * an instruction of its own (`get-tuple-element`), which takes no time but is one more to wait for.
   */
  private timed(kernels: readonly Kernel[], sizes: Dimensions, pads: boolean): Timed[] {
    const bytesOf = this.buffers.map(({ shape, elementBytes }) => numElements(shape, sizes) * elementBytes);
    const moved = (ids: readonly BufferId[]) => ids.reduce((sum, id) => sum + bytesOf[id]!, 0);
    const writer = new Map<BufferId, number>();
    const readers = new Map<BufferId, number[]>();
    const elements: Timed[] = [];
    const element = (before: number) =>
      kernels.length + elements.push({ after: [before], cost: 0, latency: latencyBytes }) - 1;
    const written = new Set<BufferId>();
    const isRows = (id: BufferId) => !written.has(id) && (!pads || this.buffers[id]!.shape.length === 3);
    const relaidAs = new Map<BufferId, number>();
    const relaid = (id: BufferId) => {
      if (!relaidAs.has(id)) relaidAs.set(id, element(writer.get(id)!));
      return relaidAs.get(id)!;
    };
    const transposes = numElements([axis('batch')], sizes) > 1;
    const isProduct = (kind: Kernel['kind']) => kind === 'product' || kind === 'weightProduct';
    /** A matrix is joined to others as a row of numbers. Of several samples the operand that is transposed is an instruction of its own, which nothing else reads. */
    const operand = (kind: Kernel['kind'], id: BufferId, isFirst: boolean) => {
      if (kind === 'weightProduct' && isFirst && transposes) return element(writer.get(id)!);
      if (kind === 'join' && this.buffers[id]!.shape.length > 1) return relaid(id);
      return isProduct(kind) && isRows(id) ? relaid(id) : writer.get(id)!;
    };
    const columnsOf = (id: BufferId) => numElements([this.buffers[id]!.shape.at(-1)!], sizes);
    /** The gradient of a concatenation is a product's result, of which each part's gradient is some columns. */
    const readBy = (id: BufferId, result: BufferId | undefined, kind: Kernel['kind']) =>
      result === undefined || isProduct(kind) || !written.has(id)
        ? bytesOf[id]!
        : bytesOf[id]! * Math.min(1, columnsOf(result) / columnsOf(id));
    const timed = kernels.map(({ reads, writes, kind, bytesRead }, index): Timed => {
      const read = (id: BufferId, at: number) => {
        const bytes = readBy(id, writes[0], kind);
        return reads.indexOf(id) < at && bytes < cacheBytes ? bytes / cacheSpeedup : bytes;
      };
      const numBytesRead = bytesRead ?? reads.reduce((sum, id, at) => sum + read(id, at), 0);
      const after = new Set<number>();
      for (const id of [...reads, ...writes]) if (writer.has(id)) after.add(operand(kind, id, id === reads[0]));
      for (const id of writes) for (const reader of readers.get(id) ?? []) after.add(reader);
      after.delete(index);
      for (const id of new Set(reads)) readers.set(id, [...(readers.get(id) ?? []), index]);
      for (const id of writes) {
        const isElement = isProduct(kind) || writes.length > 1;
        writer.set(id, isElement ? element(index) : index);
        if (isProduct(kind)) written.add(id);
        readers.delete(id);
      }
      if (kind === 'start') return { after: [...after], cost: latencyBytes, latency: latencyBytes, collective: kind };
      if (kind === 'end')
        return { after: [...after], cost: latencyBytes, latency: collectiveLatency * moved(reads), collective: kind };
      const cost =
        kind === 'triton'
          ? tritonCost * latencyBytes
          : isProduct(kind)
            ? this.productBytes(kind, reads[0]!, writes[0]!, bytesOf, sizes)
            : kind === 'columns'
              ? numBytesRead * this.slowness(reads[0]!, writes[0]!, sizes) + moved(writes)
              : numBytesRead + moved(writes);
      return { after: [...after], cost, latency: latencyBytes };
    });
    return [...timed, ...elements];
  }

  private slowness(read: BufferId, sum: BufferId, sizes: Dimensions): number {
    return slownessOfColumns(numElements([this.buffers[sum]!.shape.at(-1)!], sizes), this.buffers[read]!.elementBytes);
  }

  /** As long as a product takes, the card's memory moves so many bytes. */
  private productBytes(
    kind: Kernel['kind'],
    operand: BufferId,
    result: BufferId,
    bytesOf: readonly number[],
    sizes: Dimensions,
  ): number {
    const elements = (id: BufferId) => bytesOf[id]! / this.buffers[id]!.elementBytes;
    const last = (id: BufferId) => numElements([this.buffers[id]!.shape.at(-1)!], sizes);
    const columns = last(result);
    const rows = elements(result) / columns;
    const inner = kind === 'weightProduct' ? elements(operand) / rows : last(operand);
    const { elementBytes } = this.buffers[result]!;
    return 1e6 * latencyBytes * productSeconds({ rows, inner, columns, elementBytes });
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
    for (const [index, { name, place, reads, writes }] of kernels.entries()) {
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
  private arena({ sizes, isWhole }: Packs, lastUse: Float64Array, placed: ReadonlySet<BufferId> | undefined): Arena {
    const { buffers } = this;
    const outputs = new Set(this.outputs);
    const firstWrite = this.firstWrites();
    const arrays = [...buffers.keys()]
      .filter((id) => firstWrite[id]! >= 0 && Number.isFinite(lastUse[id]!) && !outputs.has(id) && !placed?.has(id))
      .map((id): ArenaArray => {
        const { shape, elementBytes } = buffers[id]!;
        return { id, bytes: numElements(shape, sizes) * elementBytes, first: firstWrite[id]!, last: lastUse[id]! };
      });
    return isWhole ? arenaOf(arrays, this.kernels) : { gapBytes: gapBytes(arrays), takenOver: new Map() };
  }

  /** Per buffer: the first kernel of the step that writes it. */
  private firstWrites(): Float64Array {
    const first = new Float64Array(this.buffers.length).fill(-1);
    for (const [index, { name, place, writes }] of this.kernels.entries()) {
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
    const last = new Float64Array(this.buffers.length).fill(-1);
    for (const [index, { reads, writes }] of this.kernels.entries()) {
      for (const id of reads) last[id] = index;
      for (const id of writes) last[id] = index;
    }
    for (const id of this.results) last[id] = Number.POSITIVE_INFINITY;
    return last;
  }
}
