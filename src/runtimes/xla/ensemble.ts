/**
 * A forecast of a generative network as XLA:GPU compiles it: one sample of noise conditions every norm, and nothing is kept. Its training step:
 * `ensemble-training.ts`. Kernels were read off the buffer assignment of compiled steps (jaxlib 0.10.2, cuBLAS products).
 */
import type { ForwardProgram, Node } from '../../ir/forward-program.js';
import type { Operation, OperationOf } from '../../ir/operations.js';
import type { Dimensions } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { BlockAttention } from './block-attention.js';
import { DataFlow } from './data-flow.js';
import type { BufferId } from './kernel.js';
import { LossHead } from './loss-head.js';
import type { Lowering } from './lowering.js';
import { NormsForward } from './norms.js';
import { buffersOf, Environment, fusedIntoReaders, inBuffer } from './values.js';

const f32 = 4;

export class EnsembleForward extends NormsForward {
  private readonly flow: DataFlow;
  private readonly attention: BlockAttention;

  constructor(
    lowering: Lowering,
    body: readonly Node[],
    private readonly sizes: Dimensions,
  ) {
    super(lowering, new LossHead(lowering.schedule, lowering.gemm));
    this.flow = new DataFlow(body, lowering.program.root.module);
    this.attention = new BlockAttention(lowering, this, sizes);
  }

  /** Runs what the prediction needs, the longer way first. */
  predict(prediction: ValueId, environment: Environment): void {
    const { schedule, zeros } = this.lowering;
    zeros.filledInPlace(() => {
      for (const { operation, module } of this.flow.depthFirst(prediction))
        schedule.within({ module }, () => this.operation(operation, environment));
    });
  }

  protected override operation(operation: Operation, environment: Environment): void {
    const { output } = operation;
    switch (operation.kind) {
      case 'linear':
        this.multiply(operation, environment);
        return;
      case 'normalize':
        this.normalisedByReaders(operation, this.summedRows(operation.input, environment), environment);
        return;
      case 'condition':
        super.operation(operation, environment);
        if (this.isWritten(operation)) this.materialise(output, environment);
        return;
      case 'add':
        this.add(operation, environment);
        return;
      case 'blockAttention':
        this.attention.predict(operation, environment);
        return;
      default:
        super.operation(operation, environment);
    }
  }

  private multiply(linear: OperationOf<'linear'>, environment: Environment): void {
    const array = this.addedTo(linear);
    if (array === undefined) super.operation(linear, environment);
    else this.addInPlace(linear, array, environment);
  }

  /** The array that a product is added to: gathered rows; the transformer's rows, where one sample makes its layout that of the graph. */
  private addedTo({ output }: OperationOf<'linear'>): ValueId | undefined {
    const [sum, ...others] = this.flow.readers(output);
    if (sum?.kind !== 'add' || others.length > 0) return undefined;
    const other = sum.left === output ? sum.right : sum.left;
    const isGathered = this.flow.maker(other)?.kind === 'gather';
    return isGathered || this.sizes.batch === 1 ? other : undefined;
  }

  /**
   * Of several samples, whose f32 rows each reader normalises again, the sums of grid rows are added by their readers too, as are the
   * transformer's feed-forward rows, which lie in another layout than those they are added to.
   */
  private add({ left, right, output }: OperationOf<'add'>, environment: Environment): void {
    environment.setValue(output, this.sumOf(left, right, environment));
    const rows = this.rows(output, environment);
    const isFeedForward = this.flow.maker(right)?.kind === 'linear' && rows === 'meshNodes';
    const isOfEdges = this.flow.readers(output).every(({ kind }) => kind === 'add' || kind === 'addBias');
    const isOfGrid = rows === 'gridNodes' && this.lowering.gemm.elementBytes === f32;
    const isLeftToReaders = this.sizes.batch! > 1 && (isFeedForward || isOfGrid);
    if (!isOfEdges && !isLeftToReaders) this.materialise(output, environment);
  }

  private sumOf(left: ValueId, right: ValueId, environment: Environment) {
    const sum = fusedIntoReaders(environment.value(left), environment.value(right));
    return sum.kind === 'fused' && sum.reads.length === 1 ? inBuffer(sum.reads[0]!) : sum;
  }

  private isWritten({ output }: OperationOf<'condition'>): boolean {
    return this.normalisesOnce && this.flow.readers(output).length > 1;
  }

  /** One kernel of Triton's per row (softmax_rewriter_triton.cc) writes what several read; of several samples each reader normalises again. */
  private get normalisesOnce(): boolean {
    const { elementBytes, hasTriton } = this.lowering.gemm;
    return elementBytes === f32 && hasTriton && this.sizes.batch === 1;
  }
}

/** One forecast, or `inLoop` the body of a loop of several. */
export function forecast(lowering: Lowering, body: readonly Node[], input: readonly BufferId[], sizes: Dimensions) {
  const { program } = lowering;
  const environment = new Environment();
  for (const id of Object.values(program.data)) environment.setValue(id, fusedIntoReaders());
  environment.setValue(program.data.gridInput!, fusedIntoReaders(...input.map(inBuffer)));
  const prediction = firstPrediction(program);
  new EnsembleForward(lowering, body, sizes).predict(prediction, environment);
  return buffersOf(environment.value(prediction));
}

const firstPrediction = ({ predictions }: ForwardProgram): ValueId => predictions[0]!;
