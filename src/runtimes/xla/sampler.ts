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
import type { BufferId } from './kernel.js';
import { LossHead } from './loss-head.js';
import type { Lowering } from './lowering.js';
import { keepsNormalised, NormsForward } from './norms.js';
import { fields, numAtmosphericVariables } from './symbols.js';
import { buffersOf, Environment, fusedIntoReaders, inBuffer } from './values.js';
import { type RowSum, ZerosInLoop } from './zeros.js';

const f32 = 4;
const rows = axis('gridNodes');
const samples = axis('batch');

/** The calls of one step of the sampler, in the order in which XLA runs them. */
class SamplerForward extends NormsForward {
  private readonly flow: DataFlow;
  private readonly zeros: ZerosInLoop;
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
    const sums = operationsOf(body).filter((operation) => operation.kind === 'segmentSum');
    this.zeros = new ZerosInLoop(lowering.schedule, sums, this.zerosKey);
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
        super.operation(operation, environment);
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
      case 'blockAttention':
        this.attend(operation, environment);
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /** Rows that both calls of the step read are normalised in each, by the kernel that applies the noise level. */
  private normalize(operation: OperationOf<'normalize'>, environment: Environment): void {
    const { input, output } = operation;
    const rowsOfInput = this.summedRows(input, environment);
    if (this.isShared(output)) {
      environment.setValue(output, fusedIntoReaders(rowsOfInput));
      if (this.keepsNormalised(output)) this.materialise(output, environment);
      return;
    }
    this.normalisedByReaders(operation, rowsOfInput, environment);
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

  protected override zerosOf(operation: RowSum, environment: Environment): BufferId {
    const { output } = operation;
    return this.zeros.take(operation, () => this.array(this.shape(output, environment), this.sumBytes(operation)));
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
  for (const id of Object.values(program.data)) environment.setValue(id, fusedIntoReaders());
  environment.setValue(program.data.gridInput!, fusedIntoReaders(...[...inputs, ...noisy, noise].map(inBuffer)));
  new SamplerForward(lowering, sizes).run(program, environment);
  const denoised = program.predictions.flatMap((id) => buffersOf(environment.value(id)));
  const next = inState();
  schedule.run('next state', [...denoised, ...noisy, noise], next);
  schedule.run('end of the loop over noise levels', [...inputs, ...next, ...state]);
  schedule.run('results', next, results);
}
