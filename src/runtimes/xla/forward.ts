/**
 * The forward pass as XLA:GPU runs it with cuBLAS products. What gets a buffer: operands and results of matrix products, node
 * arrays that are gathered from, segment sums, LayerNorm statistics. All else (bias, activation, normalisation, residual sum,
 * gather, concatenation) is computed inside the kernel that writes the next of these.
 */

import type { Block, Node } from '../../ir/forward-program.js';
import { type Operation, type OperationOf, readsOf } from '../../ir/operations.js';
import { axis, numElements, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { edgeSlicesOf } from './edge-blocks.js';
import type { BufferId } from './kernel.js';
import { allThreads } from './kernel-times.js';
import type { LossHead } from './loss-head.js';
import { isStackedOften, type Lowering } from './lowering.js';
import { normalise } from './row-statistics.js';
import { bytesOfChannels, computingChannels, operationsOfRows } from './stacking-times.js';
import { gemmShape, workspaceShape } from './symbols.js';
import {
  buffersOf,
  type Environment,
  fusedIntoReaders,
  inBuffer,
  innerEnvironment,
  type Representation,
} from './values.js';
import type { RowSum } from './zeros.js';

export class Forward {
  constructor(
    protected readonly lowering: Lowering,
    private readonly lossHead: LossHead,
  ) {}

  nodes(nodes: readonly Node[], environment: Environment): void {
    for (const node of nodes) {
      if (node.kind === 'block') {
        this.lowering.schedule.within({ module: node.module }, () => this.block(node, environment));
      } else if (node.kind !== 'drop') this.operation(node, environment);
    }
  }

  private block(block: Block, environment: Environment): void {
    if (!block.recomputed) {
      this.nodes(block.body, environment);
      return;
    }
    // An optimization barrier stands at both ends: what goes in and what comes out has a buffer of its own.
    for (const id of block.inputs) this.materialise(id, environment);
    const inner = innerEnvironment(block, environment);
    const run = () => this.nodes(block.body, inner);
    if (edgeSlicesOf.get(block)?.loop === 'scan') this.lowering.zeros.filledInPlace(run);
    else run();
    for (const id of block.outputs) environment.setValue(id, inBuffer(this.materialise(id, inner)));
  }

  protected operation(operation: Operation, environment: Environment): void {
    const { output } = operation;
    switch (operation.kind) {
      case 'linear':
        environment.setValue(output, fusedIntoReaders(inBuffer(this.linear(operation, environment))));
        return;
      case 'activation':
        environment.setValue(output, fusedIntoReaders(environment.value(operation.input)));
        return;
      case 'layerNorm':
        normalise(operation, environment, this.lowering, this);
        return;
      case 'gather': {
        const { edges, end } = operation.endpoints;
        this.findFirst(output, [edges, end, this.first(operation.input)]);
        const nodes = inBuffer(this.materialise(operation.input, environment));
        const indices = environment.indices(edges, end).map(inBuffer);
        environment.setValue(output, fusedIntoReaders(nodes, ...indices));
        return;
      }
      case 'segmentSum':
      case 'segmentMax':
        environment.setValue(output, inBuffer(this.segmentSum(operation, environment)));
        return;
      case 'concat':
        this.findFirst(output, operation.inputs.map(this.first));
        environment.setValue(output, fusedIntoReaders(...operation.inputs.map((id) => this.gathered(id, environment))));
        return;
      case 'loss':
        this.lossHead.forward(environment.value(operation.prediction));
        return;
      case 'add':
      case 'subtract':
      case 'multiply':
      case 'divide':
      case 'scale':
      case 'shift':
      case 'exp':
      case 'headSum':
      case 'headScale':
      case 'addBias':
        environment.setValue(output, fusedIntoReaders(...readsOf(operation).map((id) => environment.value(id))));
        return;
      default:
        throw new Error(`${operation.kind} has no rule, and refuseWithoutRule let it pass`);
    }
  }

  /** The value as concatenations read it. */
  protected gathered(id: ValueId, environment: Environment): Representation {
    return environment.value(id);
  }

  /** `operand [padded rows, in] · weight copy → [padded rows, out]` */
  private linear({ input, weight, bias, output }: OperationOf<'linear'>, environment: Environment): BufferId {
    const operand = this.operand(input, environment);
    const copies = [weight, ...(bias === undefined ? [] : [bias])].flatMap((id) => this.weight(id, environment));
    const result = this.array(this.gemmShapeOf(output, environment));
    this.product(this.name(output), [operand, ...copies], result);
    return result;
  }

  /** A cuBLASLt call: its scratch lives for this one kernel. */
  product(
    name: string,
    reads: readonly BufferId[],
    result: BufferId,
    kind: 'product' | 'weightProduct' = 'product',
  ): void {
    const { schedule } = this.lowering;
    const workspace = schedule.buffer(workspaceShape, 1);
    schedule.run(name, reads, [result, workspace], kind);
  }

  /** A product that is only added to an array is added in it, which is its third operand (gemm_rewriter.cc). */
  protected addInPlace(
    { input, weight, output }: OperationOf<'linear'>,
    array: ValueId,
    environment: Environment,
  ): void {
    const sum = this.materialise(array, environment);
    this.product(this.name(output), [this.operand(input, environment), ...this.weight(weight, environment)], sum);
    environment.setValue(output, inBuffer(sum));
  }

  /** The value as an operand of a matrix product. An array that fills whole rows already serves as it is. */
  operand(read: ValueId, environment: Environment): BufferId {
    const id = this.first(read);
    const found = environment.operand(id);
    if (found !== undefined) return found;
    if (isStackedOften(this.lowering, id)) return this.stackedOperand(id, environment);
    const value = environment.value(id);
    const rows = this.rows(id, environment);
    if (this.isConstant(value) && this.servesAsOperand(rows)) {
      const constant = this.lowering.schedule.constant(this.shape(id, environment), this.lowering.gemm.elementBytes);
      environment.setOperand(id, constant);
      return constant;
    }
    const operand =
      value.kind === 'buffer' && this.servesAsOperand(rows)
        ? value.buffer
        : this.array(this.gemmShapeOf(id, environment));
    if (value.kind !== 'buffer' || operand !== value.buffer)
      this.lowering.schedule.run(
        this.name(id),
        buffersOf(value),
        [operand],
        this.servesAsOperand(rows) ? this.elementwise : undefined,
      );
    environment.setOperand(id, operand);
    return operand;
  }

  /** The input fields of several samples, row by row, and padded after that. */
  private stackedOperand(id: ValueId, environment: Environment): BufferId {
    const { schedule, sizes, gemm } = this.lowering;
    const shape = this.shape(id, environment);
    const stacked = this.array(shape);
    const reads = buffersOf(environment.value(id));
    schedule.compute(this.name(id), reads, [stacked], operationsOfRows(numElements(shape, sizes!)), allThreads);
    const isWhole =
      this.servesAsOperand(this.rows(id, environment)) && numElements(shape.slice(-1), sizes!) % gemm.padding === 0;
    const operand = isWhole ? stacked : this.array(this.gemmShapeOf(id, environment));
    if (!isWhole) schedule.run(`pad ${this.name(id)}`, [stacked], [operand]);
    environment.setOperand(id, operand);
    return operand;
  }

  /** …for the gradient of a weight. */
  operandAgain(read: ValueId, environment: Environment): BufferId {
    const id = this.first(read);
    if (!isStackedOften(this.lowering, id)) return this.operand(read, environment);
    const { schedule, sizes } = this.lowering;
    const operand = this.array(this.gemmShapeOf(id, environment));
    const reads = buffersOf(environment.value(id));
    const bytesRead = bytesOfChannels(schedule.bytesOf(reads[0]!, sizes!));
    const beside = computingChannels(numElements(this.shape(id, environment), sizes!));
    schedule.run(`${this.name(id)} again`, reads, [operand], undefined, bytesRead, beside);
    return operand;
  }

  /** Structural features of one sample. */
  private isConstant(value: Representation): boolean {
    const { isOrdered, sizes } = this.lowering;
    return isOrdered && buffersOf(value).length === 0 && numElements([axis('batch')], sizes!) === 1;
  }

  /** Mesh nodes and edges are never a multiple of 8 (10·4ᴸ + 2, 20·(4ᴸ⁺¹ − 1)): bf16 products read a padded copy. */
  servesAsOperand(rows: string): boolean {
    const { gemm, sizes } = this.lowering;
    if (sizes !== undefined) return numElements([axis(rows), axis('batch')], sizes) % gemm.padding === 0;
    return gemm.padding === 1 || rows === 'gridNodes' || rows === 'mesh2gridEdges';
  }

  /**
   * XLA keeps one of several equal instructions (hlo_cse.cc): gathers of the same rows, concatenations of the same parts. No step of DeepMind's
   * has any; a compiled step of gated layers with edge features has (tests/models/processors.test.ts).
   */
  private findFirst(output: ValueId, instruction: readonly (string | ValueId)[]): void {
    const key = instruction.join();
    const first = this.firsts.get(key);
    if (first === undefined) this.firsts.set(key, output);
    else this.equals.set(output, first);
  }

  private readonly first = (id: ValueId): ValueId => this.equals.get(id) ?? id;
  private readonly firsts = new Map<string, ValueId>();
  private readonly equals = new Map<ValueId, ValueId>();

  /** Parameters are f32; a copy in the type of the activations is made once per run of the block that uses it. */
  weight(id: ValueId, environment: Environment): BufferId[] {
    const { elementBytes } = this.lowering.gemm;
    if (elementBytes === 4) return [];
    const found = environment.weight(id);
    if (found !== undefined) return [found];
    const copy = this.array(this.lowering.program.values[id]!.shape);
    const parameter = environment.parameter();
    const { sizes, schedule, program } = this.lowering;
    const name = `cast ${this.name(id)}`;
    if (sizes === undefined) schedule.run(name, parameter, [copy]);
    else schedule.run(name, parameter, [copy], 'convert', 4 * numElements(program.values[id]!.shape, sizes));
    environment.setWeight(id, copy);
    return [copy];
  }

  /** Adds into an array of zeros, in place. */
  private segmentSum(operation: RowSum, environment: Environment): BufferId {
    const sum = this.zerosOf(operation, environment);
    const rows = buffersOf(environment.value(operation.input));
    this.lowering.schedule.run(this.name(operation.output), rows, [sum]);
    return sum;
  }

  /** The zeros that a sum adds into. */
  protected zerosOf(operation: RowSum, environment: Environment): BufferId {
    return this.lowering.zeros.take(this.shape(operation.output, environment), this.sumBytes(operation));
  }

  /** Equal for sums whose zeros are equal. */
  protected readonly zerosKey = (operation: RowSum): string =>
    `${this.lowering.program.values[operation.output]!.shape[0]!.symbol} ${this.sumBytes(operation)}`;

  /** graphcast 08cf736, graphcast.py: `f32_aggregation=True` in the encoder alone. */
  protected sumBytes({ endpoints }: RowSum): number {
    const { gemm, has } = this.lowering;
    return endpoints.edges === 'grid2mesh' && has('f32Sum') ? 4 : gemm.elementBytes;
  }

  /** A buffer of the value's own, `[rows, batch, columns]`. */
  materialise(id: ValueId, environment: Environment): BufferId {
    const value = environment.value(id);
    if (value.kind === 'buffer') return value.buffer;
    const buffer = this.array(this.shape(id, environment));
    this.lowering.schedule.run(this.name(id), value.reads, [buffer], this.elementwise);
    environment.setValue(id, inBuffer(buffer));
    return buffer;
  }

  /** Arrays as large as the result are read at the element that is written: gathers and concatenations have results of other sizes. */
  private get elementwise(): 'elementwise' | undefined {
    return this.lowering.has('overwritten') ? 'elementwise' : undefined;
  }

  array(shape: Shape, elementBytes: number = this.lowering.gemm.elementBytes): BufferId {
    return this.lowering.schedule.buffer(shape, elementBytes);
  }

  name(id: ValueId): string {
    return this.lowering.program.values[id]!.name;
  }

  gemmShapeOf(id: ValueId, environment: Environment): Shape {
    const [, samples, columns] = this.lowering.program.values[id]!.shape;
    return gemmShape(this.rows(id, environment), columns!, samples!.symbol === 'one');
  }

  shape(id: ValueId, environment: Environment): Shape {
    const { shape } = this.lowering.program.values[id]!;
    const [rows, ...rest] = shape;
    const symbol = environment.rowsOf(rows!.symbol);
    return symbol === rows!.symbol ? shape : [{ ...rows!, symbol }, ...rest];
  }

  rows(id: ValueId, environment: Environment): string {
    return environment.rowsOf(this.lowering.program.values[id]!.shape[0]!.symbol);
  }

  get statisticsBytes(): number {
    return this.lowering.gemm.elementBytes === 2 ? 12 : 8;
  }
}
