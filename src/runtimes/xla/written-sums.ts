/**
 * Which sums of two arrays XLA writes down where nothing is kept for a backward pass. It inlines a kernel into all its readers where that
 * moves fewer bytes than writing its result once (priority_fusion.cc, gpu_performance_model.cc): 2r arrays inlined into r readers,
 * 2 + 1 + r written down. Where both are equal, additions decide: r times as many inlined, against the launch of one more kernel.
 *
 * Where rows are no multiple of a warp's 32 threads, it reads across them in more than one piece (coalescing_analysis.cc), the kernel that
 * concatenates is slow anyway, and reading one more array in it costs an eighth: sums are never written down (ten compiled steps).
 */
import type { Operation, OperationKind, OperationOf } from '../../ir/operations.js';
import { type Axis, formatShape, numElements, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { DataFlow } from './data-flow.js';
import { launchBytes } from './kernel-times.js';
import type { Lowering } from './lowering.js';
import type { Question, Sizes } from './sizes.js';

/** From here on a sum of two arrays saves nothing by being inlined. */
const readersThatWriteDown = 3;
/**
 * Normalising a bf16 array where it is read costs that kernel its statistics and arithmetic on top of the array; in units of the array.
 * XLA's model of that is not reproduced, compiled steps bound it: 7 layers on mesh 5 and 4 on mesh 4, where the sum of two such arrays is
 * written down (more than 0.5) and that of a single one is not (less than 1). Two products that read the sum of two, and nothing else, as of
 * three layers' edges: of 105 MB it is not written down, of 126 MB it is, so that it saves about a launch (0.509 to 0.512).
 */
const normalisingCost = { mostly: 0.75, twoProducts: 0.51 } as const;
const warpThreads = 32;
/** XLA counts an addition as 7 operations (hlo_op_profiles_data.h, sm_90: clock cycles of an f32 `add`). */
const operationsPerAdd = 7;
/**
 * What an H100's memory moves while it computes one operation, of which XLA hides 95 % behind the memory (gpu_performance_model_base.h,
 * kMemoryComputeParallelism): 3352 bytes and 2 × 128 × 132 operations × 1.98 per nanosecond.
 */
const bytesPerOperation = (0.05 * 3352) / (2 * 128 * 132 * 1.98);

export class WrittenSums {
  private readonly written = new Map<ValueId, boolean>();
  private readonly kernels = new Map<ValueId, ReadonlySet<ValueId>>();

  /** `normsInKernels`: a kernel of its own normalises every row, so that a sum reads what is normalised. */
  constructor(
    private readonly flow: DataFlow,
    private readonly lowering: Lowering,
    private readonly sizes: Sizes,
    private readonly normsInKernels: boolean,
  ) {}

  /** Readers first: each answer rests on those of its readers. */
  decide(readersFirst: readonly Operation[]): void {
    for (const { output } of readersFirst) this.kernelsThatRead(output);
  }

  has(sum: OperationOf<'add'>): boolean {
    const known = this.written.get(sum.output);
    if (known !== undefined) return known;
    const answer = this.costsMoreInlined(sum);
    this.written.set(sum.output, answer);
    return answer;
  }

  private costsMoreInlined(sum: OperationOf<'add'>): boolean {
    if (!this.lowering.has('writtenSums') || this.breaksWarps(sum.output)) return false;
    const { arrays, normalised } = this.addends(sum);
    const readers = [...this.kernelsThatRead(sum.output)];
    const numReaders = readers.length;
    const areTwoProducts = numReaders === 2 && readers.every((id) => this.flow.maker(id)?.kind !== 'add');
    const moved = arrays + normalisingCost[areTwoProducts ? 'twoProducts' : 'mostly'] * normalised;
    const [inlined, written] = [numReaders * moved, moved + 1 + numReaders];
    const shape = this.lowering.program.values[sum.output]!.shape;
    const savedBytes = (inlined - written) * this.lowering.gemm.elementBytes;
    const savedOperations = operationsPerAdd * (arrays - 1) * (numReaders - 1);
    const question = savesMoreThanLaunch(shape, savedBytes, savedOperations);
    return this.sizes.ask(`${formatShape(shape)} summed: ${savedBytes}, ${savedOperations}`, question);
  }

  /** Arrays that a sum reads, those of the sums that are inlined in it among them, and how many of them it normalises. */
  private addends({ left, right }: OperationOf<'add'>): {
    readonly arrays: number;
    readonly normalised: number;
  } {
    const [a, b] = [left, right].map((id) => {
      const maker = this.flow.maker(id);
      if (maker?.kind === 'add' && !this.has(maker)) return this.addends(maker);
      return { arrays: 1, normalised: this.flow.isNormalised(id) && !this.normsInKernels ? 1 : 0 };
    });
    return { arrays: a!.arrays + b!.arrays, normalised: a!.normalised + b!.normalised };
  }

  /** Named by what they write. Gathers, concatenations and sums that are not written down are part of their own readers. */
  kernelsThatRead(id: ValueId): ReadonlySet<ValueId> {
    const known = this.kernels.get(id);
    if (known !== undefined) return known;
    const kernels = new Set<ValueId>();
    for (const { kind, output } of this.flow.readers(id)) {
      const inner = this.inlinedInto(kind, output);
      for (const kernel of inner ?? [output]) kernels.add(kernel);
    }
    this.kernels.set(id, kernels);
    return kernels;
  }

  private inlinedInto(kind: OperationKind, output: ValueId): ReadonlySet<ValueId> | undefined {
    if (kind !== 'gather' && kind !== 'concat' && kind !== 'add') return undefined;
    const kernels = this.kernelsThatRead(output);
    const isWritten = kind === 'add' && kernels.size >= readersThatWriteDown && !this.breaksWarps(output);
    return isWritten ? undefined : kernels;
  }

  private breaksWarps(id: ValueId): boolean {
    const [, , columns] = this.lowering.program.values[id]!.shape;
    const breaks = () => this.sizes.ask(`warps of ${formatShape([columns!])}`, leavesThreads(columns!));
    return this.lowering.has('brokenWarps') && breaks();
  }
}

/** Per element of an array of a shape. */
const savesMoreThanLaunch =
  (shape: Shape, savedBytes: number, savedOperations: number): Question =>
  (sizes) => {
    const elements = numElements(shape, sizes);
    return savedBytes * elements + bytesPerOperation * (savedOperations * elements) > launchBytes;
  };

/** Columns that fill no whole warps. */
const leavesThreads =
  (columns: Axis): Question =>
  (sizes) =>
    numElements([columns], sizes) % warpThreads !== 0;
