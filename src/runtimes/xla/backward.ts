/**
 * The backward pass: reverse order of the program. A gradient that no matrix product, gather or scatter-add needs stays fused in
 * its consumer.
 */

import { type Block, type Node, operationsOf } from '../../ir/forward-program.js';
import { type Operation, type OperationOf, readsOf } from '../../ir/operations.js';
import { axis, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { edgeSlicesOf } from './edge-blocks.js';
import type { Forward, Lowering } from './forward.js';
import { Gradients, type ParameterGradient } from './gradients.js';
import { LinearGradients } from './linear-gradients.js';
import type { LossHead } from './loss-head.js';
import { type BufferId, launchBytes } from './schedule.js';
import {
  buffersOf,
  type Environment,
  fusedIntoReaders,
  inBuffer,
  innerEnvironment,
  type Representation,
} from './values.js';

export class Backward {
  protected readonly gradients: Gradients;
  private readonly linears: LinearGradients;

  constructor(
    protected readonly lowering: Lowering,
    private readonly forward: Forward,
    private readonly lossHead: LossHead,
  ) {
    this.gradients = new Gradients(lowering, forward);
    const norms = operationsOf([lowering.program.root]).filter(({ kind }) => kind === 'layerNorm');
    this.norms = new Set(norms.map(({ output }) => output));
    this.linearBefore = new Map(
      operationsOf([lowering.program.root])
        .filter((operation) => operation.kind === 'linear')
        .map((linear) => [linear.output, linear]),
    );
    this.linears = new LinearGradients(lowering, forward, this.gradients);
  }

  get parameterGradients(): readonly ParameterGradient[] {
    return this.gradients.ofParameters;
  }

  seed(value: ValueId, gradient: Representation): void {
    this.gradients.set(value, [gradient]);
  }

  nodes(nodes: readonly Node[], environment: Environment): void {
    for (const node of [...nodes].reverse()) {
      if (node.kind === 'drop') continue;
      if (node.kind !== 'block') {
        this.operation(node, environment);
        continue;
      }
      const encoder = node.role.kind === 'processor' ? nodes.find(isPlainEncoder) : undefined;
      if (encoder !== undefined && this.lowering.has('encoderEarly')) this.asFarAsPossible(encoder, environment);
      this.lowering.schedule.within({ module: node.module }, () => this.block(node, environment));
    }
  }

  /**
   * The encoder's update of the grid nodes does not pass through the mesh: its gradient is complete when the decoder's backward
   * pass is, and XLA runs its backward pass then, which frees more than it makes. Ends where a gradient is still missing.
   */
  private asFarAsPossible(block: Block, environment: Environment): boolean {
    return this.lowering.schedule.within({ module: block.module }, () =>
      [...block.body].reverse().every((node) => {
        if (node.kind === 'drop') return true;
        if (node.kind === 'block') return this.asFarAsPossible(node, environment);
        if (!this.gradients.has(node.output)) return false;
        this.operation(node, environment);
        return true;
      }),
    );
  }

  protected block(block: Block, environment: Environment): void {
    if (!block.recomputed) {
      this.nodes(block.body, environment);
      return;
    }
    const again = innerEnvironment(block, environment);
    const slices = edgeSlicesOf.get(block);
    if (slices?.loop === 'scan') this.scan(block, environment, again);
    else this.recomputed(block.body, again, block.role.kind === 'decoder' ? headOf(block.body) : undefined);
    if (slices?.loop === 'loop' && slices.set === 'grid2mesh' && this.lowering.has('unrolledZeros'))
      this.zerosOfUnrolledSlices(block);
    // The barrier at the block's entrance: gradients leave as arrays.
    for (const id of block.inputs.filter((input) => this.gradients.has(input))) {
      this.gradients.set(id, [inBuffer(this.gradients.materialise(id, this.gradients.of(id), environment))]);
    }
  }

  /**
   * One slice of the edges in the body of a backward loop. What the body reads from outside, the gradient that comes in and the
   * sums that go out (from zeros) live as long as the loop does, as does what waits to be added to those sums.
   */
  private scan(block: Block, environment: Environment, again: Environment): void {
    const { gradients } = this;
    const { schedule, zeros, gemm } = this.lowering;
    const output = block.outputs[0]!;
    const incoming = this.forward.array(this.forward.shape(output, environment));
    schedule.run(gradients.nameOf(output), buffersOf(gradients.of(output)), [incoming]);
    gradients.set(output, [inBuffer(incoming)]);
    const waiting = block.inputs.map((id) => ({ id, terms: gradients.termsOf(id) }));
    for (const { id } of waiting) gradients.take(id);
    const sums = block.inputs.map((id) => zeros.take(this.forward.shape(id, environment), gemm.elementBytes));
    zeros.filledInPlace(() => this.recomputed(block.body, again));
    const outside = block.inputs.flatMap((id) => buffersOf(environment.value(id)));
    const ofSlice = block.inputs.flatMap((id) => buffersOf(gradients.of(id)));
    const added = waiting.flatMap(({ terms }) => terms.flatMap(buffersOf));
    schedule.run(
      'end of the loop over slices',
      [incoming, ...outside, ...ofSlice, ...added, ...this.normOfNodes],
      sums,
    );
    for (const [index, { id, terms }] of waiting.entries()) gradients.set(id, [...terms, inBuffer(sums[index]!)]);
  }

  /** A Python loop writes every slice's scatter-add down: each starts from zeros of its own, in f32 for the encoder's sum. */
  private zerosOfUnrolledSlices(block: Block): void {
    const { schedule, zeros, gemm, program } = this.lowering;
    const shape = [axis('edgeSlices'), ...program.values[block.outputs[0]!]!.shape];
    schedule.run('scatter-adds of all slices', [zeros.take(shape, gemm.elementBytes), zeros.take(shape, 4)]);
  }

  /**
   * Forward again into an environment of its own, then backward. `waitingHead`: an output layer whose weight gradient waits until the
   * gradient of the pre-activation is there, so that four grid arrays meet (13 compiled steps with a recomputed decoder).
   */
  recomputed(body: readonly Node[], again: Environment, waitingHead?: OperationOf<'linear'>): void {
    if (waitingHead !== undefined && this.lowering.has('headWaits')) this.linears.letWait(waitingHead);
    this.lowering.schedule.within({ recompute: true }, () => this.forward.nodes(body, again));
    this.nodes(body, again);
  }

  protected operation(operation: Operation, environment: Environment): void {
    if (!this.gradients.has(operation.output)) return;
    const gradient = this.gradients.take(operation.output);
    switch (operation.kind) {
      case 'linear':
        this.linears.backward(operation, gradient, environment);
        return;
      case 'activation':
        this.gradients.add(operation.input, fusedIntoReaders(gradient, environment.value(operation.input)));
        return;
      case 'layerNorm':
        this.layerNorm(operation, gradient, environment);
        return;
      case 'gather':
        this.scatterAdd(operation.input, operation.output, gradient, environment);
        return;
      case 'segmentSum':
        // Gathered from, so the receivers' gradient gets a buffer.
        this.gradients.add(operation.input, this.gather(operation.output, gradient, environment));
        return;
      case 'concat':
        // A slice each.
        for (const id of operation.inputs) this.gradients.add(id, fusedIntoReaders(gradient));
        return;
      case 'add': {
        // A residual sum: both branches read the gradient, so it is added up once.
        const sum = this.gradients.materialise(operation.output, gradient, environment);
        const isCarriedOn = this.isCarriedOn(operation, gradient);
        if (!isCarriedOn) this.writtenSums.add(sum);
        else if (buffersOf(gradient).length > 1) this.manyTerms.add(sum);
        for (const id of [operation.left, operation.right])
          this.gradients.add(id, isCarriedOn && !this.norms.has(id) ? gradient : inBuffer(sum));
        return;
      }
      case 'loss':
        this.gradients.add(operation.prediction, this.lossHead.backward(environment.value(operation.prediction)));
        return;
      default: {
        const reads = readsOf(operation);
        for (const id of reads)
          this.gradients.add(id, fusedIntoReaders(gradient, ...reads.map((read) => environment.value(read))));
      }
    }
  }

  /**
   * The kernels that sum over rows, for scale and offset, also write the incoming gradient where that is a sum or a gather; the
   * gradient of the input is computed by the kernel that reads it.
   */
  private layerNorm(operation: OperationOf<'layerNorm'>, gradient: Representation, environment: Environment): void {
    const { input, scale, offset, output } = operation;
    const { schedule, hidesLatency } = this.lowering;
    const saved = fusedIntoReaders(environment.value(input), inBuffer(environment.statisticsOf(operation)));
    if (gradient.kind === 'buffer') this.normOfNodes = buffersOf(saved);
    if (hidesLatency) {
      this.gradients.addOfNorm(input, this.normGradient(operation, gradient, saved, environment));
      return;
    }
    const incoming = inBuffer(this.gradients.materialise(output, gradient, environment));
    const reads = [...buffersOf(incoming), ...buffersOf(saved)];
    for (const id of [scale, offset]) {
      const buffer = this.gradients.ofParameter(id);
      schedule.run(this.gradients.nameOf(id), reads, [buffer]);
      this.gradients.made(id, buffer);
    }
    this.gradients.addOfNorm(input, fusedIntoReaders(incoming, saved));
  }

  /** The gradient of what a norm reads, where its sums may wait. */
  private normGradient(
    operation: OperationOf<'layerNorm'>,
    gradient: Representation,
    saved: Representation,
    environment: Environment,
  ): Representation {
    const { input, output } = operation;
    const terms = buffersOf(gradient);
    if (this.normInRows) {
      // In f32 the part of a row that the scale's sum adds up is an array, from which the gradient is computed too.
      const reads = [...terms, ...buffersOf(saved)];
      const parts = this.normRows(input, reads, environment);
      const sums = this.sumsOfNorm(operation, [parts], terms, environment);
      const before = gradient.kind === 'buffer' && !this.manyTerms.has(gradient.buffer) ? sums : [];
      return fusedIntoReaders(inBuffer(this.normRows(input, [...reads, parts, ...before], environment)));
    }
    if (this.gathered.has(gradient)) return this.gatheredNorm(operation, terms, saved, environment);
    const isSlice = gradient.kind === 'fused' && terms.length === 1;
    const incoming = isSlice ? terms[0]! : this.gradients.materialise(output, gradient, environment);
    const reads = [incoming, ...buffersOf(saved)];
    const sums = this.sumsOfNorm(operation, reads, [incoming], environment);
    // Where the incoming gradient is added up from few arrays, the kernel that adds sums too.
    const before = isSlice || terms.some((term) => this.manyTerms.has(term)) ? [] : sums;
    return fusedIntoReaders(inBuffer(this.normRows(input, [...reads, ...before], environment)));
  }

  /**
   * The incoming gradient is gathered from one node array and never written. Where the rows serve as the next product's operand, or are few,
   * the kernel that computes them has all sums for results too, the bias's among them; where they have to be padded, they are computed in the
   * operand, and the sums in a kernel of their own, for which the normalised rows stay.
   */
  private gatheredNorm(
    operation: OperationOf<'layerNorm'>,
    nodes: readonly BufferId[],
    saved: Representation,
    environment: Environment,
  ): Representation {
    const { schedule, sizes, gemm } = this.lowering;
    const { input, scale, offset } = operation;
    const { bias } = this.linearBefore.get(input)!;
    const shape = this.forward.shape(input, environment);
    const rowsBytes = numElements(shape, sizes!) * gemm.elementBytes;
    const serves = this.forward.servesAsOperand(this.forward.rows(input, environment));
    const parameters = [scale, offset, ...(bias === undefined ? [] : [bias])];
    const sums = parameters.map((id) => this.gradients.ofParameter(id));
    const summed = () => {
      for (const [index, id] of parameters.entries()) this.gradients.summed(id, input, sums[index]!, environment);
      this.gradients.biasIsSummed.add(input);
    };
    const reads = [...nodes, ...buffersOf(saved)];
    const all = parameters.flatMap(() => reads);
    if (serves || rowsBytes < launchBytes) {
      const rows = this.forward.array(shape);
      schedule.run(this.gradients.nameOf(input), [...reads, ...all], [rows, ...sums]);
      summed();
      return fusedIntoReaders(inBuffer(rows));
    }
    const normalised = this.normRows(input, buffersOf(saved), environment);
    const operand = this.forward.array(this.forward.gemmShapeOf(input, environment));
    schedule.run(this.gradients.nameOf(input), [normalised, ...nodes], [operand]);
    schedule.run(this.gradients.nameOf(scale), [normalised, ...all], sums);
    summed();
    return inBuffer(operand);
  }

  /** In f32 one kernel of Triton's computes a row of what a norm's sum adds up, and writes it (softmax_rewriter_triton.cc). */
  private get normInRows(): boolean {
    return this.lowering.gemm.elementBytes === 4 && this.lowering.gemm.hasTriton;
  }

  /**
   * The gradient of the mesh's edges, which every layer adds to: XLA adds several layers' parts up again in each reader, up to four arrays at
   * first and two beside the sum before later, and only then goes on from the sum that it has written (priority_fusion.cc).
   */
  private isCarriedOn({ output }: OperationOf<'add'>, gradient: Representation): boolean {
    const { hidesLatency, program } = this.lowering;
    if (!hidesLatency || program.values[output]!.shape[0]!.symbol !== 'meshEdges') return false;
    const reads = buffersOf(gradient);
    return reads.length < (reads.some((read) => this.writtenSums.has(read)) ? 3 : 4);
  }

  /** Both sums over all rows: of many rows in one kernel with two results, which reads the incoming gradient for each of them. */
  private sumsOfNorm(
    { input, scale, offset }: OperationOf<'layerNorm'>,
    reads: readonly BufferId[],
    incoming: readonly BufferId[],
    environment: Environment,
  ): readonly BufferId[] {
    if (this.gradients.isSummedAtOnce(input, environment))
      return [
        this.gradients.sum(scale, input, reads, environment),
        this.gradients.sum(offset, input, incoming, environment),
      ];
    const sums = [scale, offset].map((id) => this.gradients.ofParameter(id));
    this.lowering.schedule.run(this.gradients.nameOf(scale), this.normInRows ? reads : [...reads, ...incoming], sums);
    for (const [index, id] of [scale, offset].entries()) this.gradients.summed(id, input, sums[index]!, environment);
    return sums;
  }

  private gather(nodes: ValueId, gradient: Representation, environment: Environment): Representation {
    const rows = fusedIntoReaders(inBuffer(this.gradients.materialise(nodes, gradient, environment)));
    this.gathered.add(rows);
    return rows;
  }

  private normRows(input: ValueId, reads: readonly BufferId[], environment: Environment): BufferId {
    const rows = this.forward.array(this.forward.shape(input, environment));
    this.lowering.schedule.run(this.gradients.nameOf(input), reads, [rows], 'triton');
    return rows;
  }

  /**
   * Node gradients of a gather. The first scatter-add into a node array continues in place in what has been summed there; only
   * where nothing has been summed yet, or after the first, does it start from zeros.
   */
  private scatterAdd(nodes: ValueId, edges: ValueId, gradient: Representation, environment: Environment): void {
    const { schedule, zeros, gemm } = this.lowering;
    const terms = this.gradients.termsOf(nodes);
    const open =
      this.lowering.has('scatterInPlace') && terms.length > 0 && !terms.some((term) => this.scattered.has(term));
    const target = open
      ? this.gradients.materialise(nodes, this.gradients.of(nodes), environment)
      : zeros.take(this.forward.shape(nodes, environment), gemm.elementBytes);
    schedule.run(`scatter-add ${this.gradients.nameOf(edges)}`, buffersOf(gradient), [target]);
    const sum = inBuffer(target);
    this.scattered.add(sum);
    this.gradients.set(nodes, open ? [sum] : [...terms, sum]);
  }

  /** Rows of the last node update: the sums for its scale and offset may be left to the kernel that adds up the nodes' gradient. */
  private normOfNodes: readonly BufferId[] = [];
  private readonly scattered = new WeakSet<Representation>();
  private readonly gathered = new WeakSet<Representation>();
  private readonly writtenSums = new Set<BufferId>();
  private readonly manyTerms = new Set<BufferId>();
  private readonly norms: ReadonlySet<ValueId>;
  /** By what they write. */
  private readonly linearBefore: ReadonlyMap<ValueId, OperationOf<'linear'>>;
}

const isPlainEncoder = (node: Node): node is Block =>
  node.kind === 'block' && node.role.kind === 'encoder' && !node.recomputed;

/** The output layer, a Linear that no LayerNorm follows. */
function headOf(nodes: readonly Node[]): OperationOf<'linear'> | undefined {
  for (const node of [...nodes].reverse()) {
    if (node.kind === 'linear') return node;
    if (node.kind === 'block' && node.role.kind !== 'loss') return headOf(node.body);
    if (node.kind !== 'drop' && node.kind !== 'block') return undefined;
  }
  return undefined;
}
