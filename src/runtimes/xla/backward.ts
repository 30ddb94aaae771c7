/**
 * The backward pass: reverse order of the program. A gradient that no matrix product, gather or scatter-add needs stays fused in
 * its consumer.
 */

import { type Block, type Node, operationsOf } from '../../ir/forward-program.js';
import { type Operation, type OperationOf, readsOf } from '../../ir/operations.js';
import { axis, numElements } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { passBarrier } from './barrier.js';
import { edgeSlicesOf } from './edge-blocks.js';
import { writtenSumsOfEdges } from './edge-sums.js';
import type { Forward } from './forward.js';
import { Gradients, type ParameterGradient } from './gradients.js';
import type { BufferId } from './kernel.js';
import { LinearGradients } from './linear-gradients.js';
import type { LossHead } from './loss-head.js';
import type { Lowering } from './lowering.js';
import {
  buffersOf,
  type Environment,
  fusedIntoReaders,
  inBuffer,
  innerEnvironment,
  type Representation,
} from './values.js';
import { WaitingNorms } from './waiting-norms.js';

export class Backward {
  protected readonly gradients: Gradients;
  private readonly linears: LinearGradients;
  private readonly norms: WaitingNorms;

  constructor(
    protected readonly lowering: Lowering,
    private readonly forward: Forward,
    private readonly lossHead: LossHead,
  ) {
    this.gradients = new Gradients(lowering, forward);
    const linearBefore = new Map(
      operationsOf([lowering.program.root])
        .filter((operation) => operation.kind === 'linear')
        .map((linear) => [linear.output, linear]),
    );
    this.linears = new LinearGradients(lowering, forward, this.gradients);
    this.norms = new WaitingNorms(lowering, forward, this.gradients, linearBefore);
  }

  get parameterGradients(): readonly ParameterGradient[] {
    this.norms.finish();
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
    else {
      if (this.lowering.isOrdered) passBarrier(block, this.lowering, this.gradients, environment, again);
      this.recomputed(block.body, again, block.role.kind === 'decoder' ? headOf(block.body) : undefined);
    }
    if (slices?.loop === 'loop' && slices.set === 'grid2mesh' && this.lowering.has('unrolledZeros'))
      this.zerosOfUnrolledSlices(block);
    if (this.lowering.isOrdered && slices === undefined) return;
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
        this.gradients.add(operation.input, this.gather(operation, gradient, environment));
        return;
      case 'concat':
        // A slice each.
        for (const id of operation.inputs) this.gradients.add(id, fusedIntoReaders(gradient));
        return;
      case 'add': {
        // A residual sum: both branches read the gradient, so it is added up once.
        if (this.isAddedByReaders(operation, gradient, environment)) {
          for (const id of [operation.left, operation.right]) this.gradients.add(id, gradient);
          return;
        }
        const sum = this.gradients.materialise(operation.output, gradient, environment);
        for (const id of [operation.left, operation.right]) this.gradients.add(id, inBuffer(sum));
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
    const { schedule, isOrdered } = this.lowering;
    const saved = fusedIntoReaders(environment.value(input), ...environment.statisticsOf(operation).map(inBuffer));
    if (gradient.kind === 'buffer') this.normOfNodes = buffersOf(saved);
    if (isOrdered) {
      const isGathered = this.gathered.has(gradient);
      this.gradients.addOfNorm(input, this.norms.gradientOf(operation, gradient, saved, environment, isGathered));
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

  /**
   * Where sums wait. Of nodes: `WaitingNorms.isFused`. Of the mesh's edges, which every layer adds to: `edge-sums.ts`.
   */
  private isAddedByReaders(
    { left, right, output }: OperationOf<'add'>,
    gradient: Representation,
    environment: Environment,
  ): boolean {
    const { isOrdered, program } = this.lowering;
    if (!isOrdered) return false;
    // Of two norms the later one is added.
    this.norms.isAdded(Math.max(left, right), Math.min(left, right));
    const reads = buffersOf(gradient);
    if (gradient.kind === 'buffer') return false;
    if (program.values[output]!.shape[0]!.symbol !== 'meshEdges') return this.norms.isFused(output, environment);
    if (reads.length === 1) return true;
    this.writtenSums ??= writtenSumsOfEdges(this.numSumsOfEdges(), this.norms.launchesOf(output, environment));
    return !this.writtenSums.has(this.sumsOfEdges++);
  }

  /** Nothing reads the last layer's edges, and of those before it the last layer's gradient is all. */
  private numSumsOfEdges(): number {
    const { program } = this.lowering;
    const isOfEdges = ({ kind, output }: Operation) =>
      kind === 'add' && program.values[output]!.shape[0]!.symbol === 'meshEdges';
    return operationsOf([program.root]).filter(isOfEdges).length - 2;
  }

  private gather(
    { input, output }: OperationOf<'segmentSum' | 'segmentMax'>,
    gradient: Representation,
    environment: Environment,
  ): Representation {
    const rows = this.lowering.isOrdered
      ? this.norms.gatheredFrom(output, input, gradient, environment)
      : fusedIntoReaders(inBuffer(this.gradients.materialise(output, gradient, environment)));
    this.gathered.add(rows);
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
      ? this.sumOfNodes(nodes, environment)
      : zeros.take(this.forward.shape(nodes, environment), gemm.elementBytes);
    schedule.run(`scatter-add ${this.gradients.nameOf(edges)}`, [...buffersOf(gradient), target], [target]);
    if (this.scatteredInto === nodes && this.isZerosFirst()) schedule.swapLast();
    this.scatteredInto = nodes;
    const sum = inBuffer(target);
    this.scattered.add(sum);
    this.gradients.set(nodes, open ? [sum] : [...terms, sum]);
  }

  /**
   * Of two scatter-adds into the same nodes, of which one continues in a sum, XLA has that from zeros first in bf16 of one sample, and last
   * otherwise (the order that its log states for 460 pairs of 90 compiled steps).
   */
  private isZerosFirst(): boolean {
    const { isOrdered, gemm, sizes } = this.lowering;
    return isOrdered && gemm.elementBytes === 2 && numElements([axis('batch')], sizes!) === 1;
  }

  private sumOfNodes(nodes: ValueId, environment: Environment): BufferId {
    const gradient = this.gradients.of(nodes);
    const withNorm = this.lowering.isOrdered ? this.norms.sumInto(nodes, gradient, environment) : undefined;
    return withNorm ?? this.gradients.materialise(nodes, gradient, environment);
  }

  /** Rows of the last node update: the sums for its scale and offset may be left to the kernel that adds up the nodes' gradient. */
  private normOfNodes: readonly BufferId[] = [];
  private scatteredInto: ValueId | undefined;
  private readonly scattered = new WeakSet<Representation>();
  private readonly gathered = new WeakSet<Representation>();
  private writtenSums: ReadonlySet<number> | undefined;
  private sumsOfEdges = 0;
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
