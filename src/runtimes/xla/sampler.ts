/**
 * A sampler as XLA:GPU compiles it: a loop over noise levels, whose body holds all calls of the denoiser. Nothing is kept for a backward pass, and
 * what does not depend on the noise level is computed once in the body.
 */
import { type ForwardProgram, operationsOf } from '../../ir/forward-program.js';
import type { Operation, OperationOf } from '../../ir/operations.js';
import { axis, type Dimensions, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { BlockAttention } from './block-attention.js';
import { DataFlow } from './data-flow.js';
import { keepsNormalised, NormsForward } from './denoiser.js';
import type { Lowering } from './forward.js';
import { LossHead } from './loss-head.js';
import type { BufferId } from './schedule.js';
import { fields, numAtmosphericVariables, statisticsShape } from './symbols.js';
import { buffersOf, Environment, fused, inBuffer } from './values.js';

const f32 = 4;
const rows = axis('gridNodes');
const samples = axis('batch');

/** The calls of one step of the sampler, in the order in which XLA runs them. */
class SamplerForward extends NormsForward {
  private readonly flow: DataFlow;
  private readonly zeros = new Map<string, { left: number; shared?: BufferId }>();
  private readonly projections = new Map<ValueId, BufferId>();
  private readonly attention: BlockAttention;

  constructor(
    lowering: Lowering,
    private readonly sizes: Dimensions,
  ) {
    super(lowering, new LossHead(lowering.schedule, lowering.gemm));
    const { body, module } = lowering.program.root;
    this.flow = new DataFlow(body, module);
    this.attention = new BlockAttention(lowering, this, sizes);
    for (const operation of operationsOf(body)) {
      if (operation.kind !== 'segmentSum') continue;
      const key = this.sumKey(operation);
      this.zeros.set(key, { left: 1 + (this.zeros.get(key)?.left ?? 0) });
    }
  }

  run({ predictions }: ForwardProgram, environment: Environment): void {
    for (const { operation, module } of this.flow.depthFirst(predictions.at(-1)!))
      this.lowering.schedule.within({ module }, () => this.operation(operation, environment));
  }

  protected override operation(operation: Operation, environment: Environment): void {
    const { output } = operation;
    switch (operation.kind) {
      case 'normalize':
        this.normalize(operation, environment);
        return;
      case 'condition':
        environment.setValue(output, fused(environment.value(operation.input)));
        if (this.isWritten(operation)) this.materialise(output, environment);
        return;
      case 'gather':
        super.operation(operation, environment);
        if (this.normalisesInConcat) this.materialise(output, environment);
        return;
      case 'add':
        super.operation(operation, environment);
        this.materialise(output, environment);
        return;
      case 'resizeRows':
        environment.setValue(output, fused(environment.value(operation.input)));
        return;
      case 'blockAttention':
        this.attend(operation, environment);
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /** Rows that both calls of the step read are normalised in each, by the kernel that applies the noise level. */
  private normalize({ input, output }: OperationOf<'normalize'>, environment: Environment): void {
    const rowsOfInput = this.summedRows(input, environment);
    if (this.isShared(output)) {
      environment.setValue(output, fused(rowsOfInput));
      if (this.keepsNormalised(output)) this.materialise(output, environment);
      return;
    }
    const shape = statisticsShape(this.rows(input, environment));
    const statistics = [this.array(shape, f32), this.array(shape, f32)];
    this.lowering.schedule.run(this.name(output), buffersOf(rowsOfInput), statistics);
    environment.setValue(output, fused(rowsOfInput, ...statistics.map(inBuffer)));
  }

  /**
   * Of several samples, whose noise levels differ, f32 rows are normalised in the kernel that concatenates them, which is Triton's: it gathers
   * nothing, so that both ends' rows are arrays, and its tiles are powers of two.
   */
  private get normalisesInConcat(): boolean {
    const { elementBytes, hasTriton } = this.lowering.gemm;
    return (
      elementBytes === f32 && hasTriton && this.sizes.batch! > 1 && Number.isInteger(Math.log2(this.sizes.hiddenDim!))
    );
  }

  /** The kernel that applies the noise level writes its rows where several read them, and where Triton's kernel normalises them in it. */
  private isWritten({ input, output }: OperationOf<'condition'>): boolean {
    if (this.normalisesInConcat) return false;
    const { elementBytes, hasTriton } = this.lowering.gemm;
    const byTriton = elementBytes === f32 && hasTriton && this.isShared(input) && !this.keepsNormalised(input);
    return byTriton || this.isShared(output);
  }

  /** Of both calls' rows the normalised ones are kept, and not the product's. */
  private keepsNormalised(id: ValueId): boolean {
    return this.sizes.batch === 1 && keepsNormalised(this.lowering, id, this.sizes);
  }

  /** Read more than once. */
  private isShared(id: ValueId): boolean {
    return this.flow.readers(id).length > 1;
  }

  /** The weights of query, key and value stand side by side where their products are one, for all calls of the step. */
  private attend(attention: OperationOf<'blockAttention'>, environment: Environment): void {
    if (this.attention.projectionsAreMerged()) {
      const linear = this.flow.maker(attention.query) as OperationOf<'linear'>;
      let joined = this.projections.get(linear.weight);
      if (joined === undefined) {
        joined = this.array([axis('hiddenDim'), axis('hiddenDim', 3)]);
        this.projections.set(linear.weight, joined);
      }
      this.lowering.schedule.run('weights of query, key and value', [], [joined]);
    }
    this.attention.predict(attention, environment);
  }

  /** In a loop one array of zeros, which every sum but the last copies (copy_insertion.cc). */
  protected override segmentSum(
    operation: OperationOf<'segmentSum' | 'segmentMax'>,
    environment: Environment,
  ): BufferId {
    const { input, output } = operation;
    const { schedule } = this.lowering;
    const sum = this.zerosFor(operation, () => this.array(this.shape(output, environment), this.sumBytes(operation)));
    schedule.run(this.name(output), buffersOf(environment.value(input)), [sum]);
    return sum;
  }

  private zerosFor(operation: OperationOf<'segmentSum' | 'segmentMax'>, array: () => BufferId): BufferId {
    const { schedule } = this.lowering;
    const zeros = this.zeros.get(this.sumKey(operation))!;
    zeros.left -= 1;
    if (zeros.shared === undefined) {
      zeros.shared = array();
      schedule.run('zeros of the sums', [], [zeros.shared]);
    }
    if (zeros.left === 0) return zeros.shared;
    const sum = array();
    schedule.run('copy of zeros of the sums', [zeros.shared], [sum]);
    return sum;
  }

  private sumKey(operation: OperationOf<'segmentSum' | 'segmentMax'>): string {
    return `${this.lowering.program.values[operation.output]!.shape[0]!.symbol} ${this.sumBytes(operation)}`;
  }
}

/** Per variable with levels an array; those without, together. */
function stateArrays(make: (shape: Shape) => BufferId): readonly BufferId[] {
  const withLevels = Array.from({ length: numAtmosphericVariables }, () => make([rows, samples, fields.levels]));
  return [...withLevels, make([rows, samples, fields.surface])];
}

/** One sample: a loop over noise levels, which carries the state. */
export function sample(lowering: Lowering, data: readonly BufferId[], sizes: Dimensions): void {
  const { program, schedule, gemm } = lowering;
  const results = stateArrays((shape) => schedule.output(shape, f32));
  const inState = () => stateArrays((shape) => schedule.buffer(shape, gemm.elementBytes));
  const inputs = [
    ...Array.from({ length: numAtmosphericVariables }, () =>
      schedule.buffer([rows, samples, { ...fields.levels, factor: 2 }], gemm.elementBytes),
    ),
    schedule.buffer([rows, samples, axis('surfaceFieldsRead')], gemm.elementBytes),
  ];
  schedule.run('normalised inputs', data, inputs);
  const state = inState();
  schedule.run('state of the loop over noise levels', [], state);
  const noise = schedule.buffer([rows, samples, axis('outputChannels', 2)], f32);
  schedule.run('noise of the start and of the churn', data, [noise]);
  const noisy = inState();
  schedule.run('state with noise', [...state, noise], noisy);
  const environment = new Environment();
  for (const id of Object.values(program.data)) environment.setValue(id, fused());
  environment.setValue(program.data.gridInput!, fused(...[...inputs, ...noisy, noise].map(inBuffer)));
  new SamplerForward(lowering, sizes).run(program, environment);
  const denoised = program.predictions.flatMap((id) => buffersOf(environment.value(id)));
  const next = inState();
  schedule.run('next state', [...denoised, ...noisy, noise], next);
  schedule.run('end of the loop over noise levels', [...inputs, ...next, ...state]);
  schedule.run('results', next, results);
}
