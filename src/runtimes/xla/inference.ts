/**
 * The forward pass alone, as XLA:GPU runs it where no backward pass keeps anything. The kernels are those of `forward.ts`; what differs is
 * their order, which of the sums are written down, and what normalises.
 *
 * Order: XLA's scheduler goes from the result to what it needs, depth first, the larger of two branches first
 * (openxla/xla, hlo_memory_scheduler.cc, DFSMemoryScheduler). So the encoder's update of the grid nodes runs after the processor.
 *
 * Sums: XLA inlines a kernel into all its readers where that moves fewer bytes than writing its result once
 * (priority_fusion.cc, gpu_performance_model.cc). A sum of two arrays that r kernels read: 2r arrays inlined, 2 + 1 + r written down.
 */
import type { ForwardProgram, Node } from '../../ir/forward-program.js';
import { readsOf } from '../../ir/operations.js';
import { type Dimensions, numElements } from '../../ir/shape.js';
import type { Binary, Gather, LayerNorm, Module, Operation, SegmentMax, SegmentSum, ValueId } from '../../ir/types.js';
import { Forward, type Lowering } from './forward.js';
import type { Gemm } from './gemm.js';
import type { LossHead } from './loss-head.js';
import type { BufferId } from './schedule.js';
import { statisticsShape } from './symbols.js';
import { buffersOf, type Environment, fused, inBuffer } from './values.js';

/** From here on a sum of two arrays saves nothing by being inlined. */
const readersThatWriteDown = 3;
/**
 * Normalising a bf16 array where it is read costs that kernel its statistics and arithmetic on top of the array; in units of the array.
 * XLA's model of that is not reproduced. Two compiled steps bound it: 3 and 7 layers on meshes 5 and 6, where the sum of two such arrays is
 * written down for two readers (more than 0.5) and that of a single one is not (less than 1).
 */
const normalisingCost = 0.75;
/** XLA counts 1 µs per kernel (gpu_performance_model_base.h, kKernelLaunchOverhead), in which an H100 moves this much. */
const launchBytes = 3.35e6;
const f32 = 4;

interface Placed {
  readonly operation: Operation;
  readonly module: Module;
}

export interface InferenceOptions {
  readonly sizes: Dimensions;
  /** The program is the body of a loop over rollout steps. */
  readonly inLoop: boolean;
  /**
   * Triton's tiles are powers of two: only such rows can be normalised in the kernel that concatenates them, which then reads both ends'
   * rows from arrays. XLA's cost model finds gathering inside the concatenation as good (both save 31.0205 µs in its own dump of a
   * compiled step), and the rounding of its times decides. Here: the arrays, which is more; `process.ts` has the interval.
   */
  readonly normalisesInConcat: boolean;
}

/** Rows of f32 are normalised by one Triton kernel each, where there is Triton. */
const normsByTriton = ({ elementBytes, hasTriton }: Gemm): boolean => elementBytes === f32 && hasTriton;

export const normalisesInConcat = (gemm: Gemm, width: number): boolean =>
  normsByTriton(gemm) && Number.isInteger(Math.log2(width));

export class InferenceForward extends Forward {
  private readonly consumers = new Map<ValueId, Operation[]>();
  private readonly makers = new Map<ValueId, Placed>();

  constructor(
    lowering: Lowering,
    lossHead: LossHead,
    private readonly options: InferenceOptions,
  ) {
    super(lowering, lossHead);
  }

  /** Runs what the prediction needs. */
  predict(program: ForwardProgram, body: readonly Node[], environment: Environment): void {
    this.learn(body, program.root.module);
    const { has } = this.lowering;
    const order = has('depthFirst') ? this.depthFirst(program.predictions[0]!) : [...this.makers.values()];
    // Readers first: each answer rests on those of its readers.
    for (const { operation } of [...order].reverse()) this.kernelsThatRead(operation.output);
    for (const { operation, module } of order) {
      this.lowering.schedule.within({ module }, () => this.operation(operation, environment));
    }
  }

  private learn(nodes: readonly Node[], module: Module): void {
    for (const node of nodes) {
      if (node.kind === 'block') this.learn(node.body, node.module);
      else if (node.kind !== 'drop') {
        this.makers.set(node.output, { operation: node, module });
        this.ways.set(node.output, 1 + Math.max(0, ...readsOf(node).map((id) => this.wayBehind(id))));
        for (const id of readsOf(node)) this.consumers.set(id, [...(this.consumers.get(id) ?? []), node]);
      }
    }
  }

  /** Operations in post-order from the result; of several operands the one with the longer way behind it comes first. */
  private depthFirst(result: ValueId): readonly Placed[] {
    const order: Placed[] = [];
    const seen = new Set<ValueId>();
    const path: { readonly id: ValueId; readonly reads: ValueId[] }[] = [];
    const enter = (id: ValueId): void => {
      const maker = this.makers.get(id);
      if (maker === undefined || seen.has(id)) return;
      seen.add(id);
      path.push({ id, reads: [...readsOf(maker.operation)].sort((a, b) => this.wayBehind(b) - this.wayBehind(a)) });
    };
    enter(result);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.reads.shift();
      if (next !== undefined) enter(next);
      else order.push(this.makers.get(path.pop()!.id)!);
    }
    return order;
  }

  /** Operations on the longest way from the data. */
  private wayBehind(id: ValueId): number {
    return this.ways.get(id) ?? 0;
  }

  private readonly ways = new Map<ValueId, number>();

  protected override operation(operation: Operation, environment: Environment): void {
    switch (operation.kind) {
      case 'layerNorm':
        this.normalise(operation, environment);
        return;
      case 'gather':
        this.gatherRows(operation, environment);
        return;
      case 'add':
        super.operation(operation, environment);
        if (this.isWrittenDown(operation)) this.materialise(operation.output, environment);
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /**
   * Two reductions in f32, then the readers normalise. f32 with Triton: one kernel per row (softmax_rewriter_triton.cc), which also adds
   * the residual or writes the concatenation where that is all that reads it.
   */
  private normalise(operation: LayerNorm, environment: Environment): void {
    const { input, output } = operation;
    const value = environment.value(input);
    if (this.normsByTriton && this.lowering.has('rowKernels')) {
      environment.setValue(output, fused(value));
      const [reader, ...others] = this.readers(output);
      const inReader = others.length === 0 && (reader!.kind === 'add' || this.normalisesIn(reader!));
      if (!inReader) this.materialise(output, environment);
      return;
    }
    const shape = statisticsShape(this.rows(input, environment));
    const [mean, deviation] = [this.array(shape, f32), this.array(shape, f32)];
    const { schedule } = this.lowering;
    schedule.run(this.name(output), buffersOf(value), [mean, deviation]);
    const statistics = [this.array(shape), this.array(shape)];
    schedule.run(this.name(output), [mean, deviation], statistics);
    environment.setValue(output, fused(value, ...statistics.map(inBuffer)));
  }

  /** Rows that are normalised alone are gathered as they are; a Triton kernel, which normalises, gathers nothing. */
  private gatherRows(operation: Gather, environment: Environment): void {
    const { input, output } = operation;
    if (this.makers.get(input)?.operation.kind === 'layerNorm')
      environment.setValue(output, fused(environment.value(input)));
    else super.operation(operation, environment);
    if (this.normsByTriton && this.readers(output).some((reader) => this.normalisesIn(reader)))
      this.materialise(output, environment);
  }

  private normalisesIn(operation: Operation): boolean {
    return (
      this.options.normalisesInConcat &&
      operation.kind === 'concat' &&
      operation.inputs.some((id) => this.isNormalised(id) && this.readers(id).length === 1)
    );
  }

  private isNormalised(id: ValueId): boolean {
    return this.makers.get(id)?.operation.kind === 'layerNorm';
  }

  private readers(id: ValueId): readonly Operation[] {
    return this.consumers.get(id) ?? [];
  }

  private isWrittenDown(sum: Binary): boolean {
    const known = this.written.get(sum.output);
    if (known !== undefined) return known;
    const answer = this.costsMoreInlined(sum);
    this.written.set(sum.output, answer);
    return answer;
  }

  private readonly written = new Map<ValueId, boolean>();

  private costsMoreInlined(sum: Binary): boolean {
    if (!this.lowering.has('writtenSums')) return false;
    const { arrays, normalised } = this.addends(sum);
    const numReaders = this.kernelsThatRead(sum.output).size;
    const moved = arrays + normalisingCost * normalised;
    const [inlined, written] = [numReaders * moved, moved + 1 + numReaders];
    const shape = this.lowering.program.values[sum.output]!.shape;
    const arrayBytes = numElements(shape, this.options.sizes) * this.lowering.gemm.elementBytes;
    return (inlined - written) * arrayBytes > launchBytes;
  }

  /** Arrays that a sum reads, those of the sums that are inlined in it among them, and how many of them it normalises. */
  private addends({ left, right }: Binary): { readonly arrays: number; readonly normalised: number } {
    const [a, b] = [left, right].map((id) => {
      const maker = this.makers.get(id)?.operation;
      if (maker?.kind === 'add' && !this.isWrittenDown(maker)) return this.addends(maker);
      return { arrays: 1, normalised: maker?.kind === 'layerNorm' && !this.normsByTriton ? 1 : 0 };
    });
    return { arrays: a!.arrays + b!.arrays, normalised: a!.normalised + b!.normalised };
  }

  /** Named by what they write. Gathers, concatenations and sums that are not written down are part of their own readers. */
  private kernelsThatRead(id: ValueId): ReadonlySet<ValueId> {
    const known = this.kernels.get(id);
    if (known !== undefined) return known;
    const kernels = new Set<ValueId>();
    for (const { kind, output } of this.readers(id)) {
      const inner = this.inlinedInto(kind, output);
      for (const kernel of inner ?? [output]) kernels.add(kernel);
    }
    this.kernels.set(id, kernels);
    return kernels;
  }

  private inlinedInto(kind: Operation['kind'], output: ValueId): ReadonlySet<ValueId> | undefined {
    if (kind !== 'gather' && kind !== 'concat' && kind !== 'add') return undefined;
    const kernels = this.kernelsThatRead(output);
    return kind === 'add' && kernels.size >= readersThatWriteDown ? undefined : kernels;
  }

  private readonly kernels = new Map<ValueId, ReadonlySet<ValueId>>();

  /** Adds into an array of zeros, in place. */
  protected override segmentSum(operation: SegmentSum | SegmentMax, environment: Environment): BufferId {
    const { input, output } = operation;
    const sum = this.zerosFor(operation, () => this.array(this.shape(output, environment), this.sumBytes(operation)));
    this.lowering.schedule.run(this.name(output), buffersOf(environment.value(input)), [sum]);
    return sum;
  }

  private zerosFor(operation: SegmentSum | SegmentMax, array: () => BufferId): BufferId {
    const { schedule } = this.lowering;
    const zeros = this.zerosOf(this.sumKey(operation));
    zeros.left -= 1;
    if (!this.options.inLoop || !this.lowering.has('loopZeros')) {
      zeros.fill ??= schedule.open(zerosName);
      const sum = array();
      zeros.fill(sum);
      return sum;
    }
    if (zeros.shared === undefined) {
      zeros.shared = array();
      schedule.run(zerosName, [], [zeros.shared]);
    }
    if (zeros.left === 0) return zeros.shared;
    const sum = array();
    schedule.run(`copy of ${zerosName}`, [zeros.shared], [sum]);
    return sum;
  }

  /** Equal keys: sums into equal zeros. */
  private sumKey(operation: SegmentSum | SegmentMax): string {
    return `${this.lowering.program.values[operation.output]!.shape[0]!.symbol} ${this.sumBytes(operation)}`;
  }

  private zerosOf(key: string): Zeros {
    let zeros = this.zerosByKey.get(key);
    if (zeros === undefined) {
      const sums = [...this.makers.values()].map(({ operation }) => operation).filter(isSum);
      zeros = { left: sums.filter((sum) => this.sumKey(sum) === key).length };
      this.zerosByKey.set(key, zeros);
    }
    return zeros;
  }

  private readonly zerosByKey = new Map<string, Zeros>();

  private get normsByTriton(): boolean {
    return normsByTriton(this.lowering.gemm);
  }
}

/**
 * Equal sums. Outside of a loop one kernel fills the zeros of them all; inside of one XLA has a single array of zeros, which every sum but
 * the last copies.
 */
interface Zeros {
  left: number;
  fill?: (buffer: BufferId) => void;
  shared?: BufferId;
}

const zerosName = 'zeros of the sums';
const isSum = (operation: Operation): operation is SegmentSum | SegmentMax =>
  operation.kind === 'segmentSum' || operation.kind === 'segmentMax';
