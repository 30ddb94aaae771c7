/**
 * A denoiser's training step as XLA:GPU compiles it: one call and its backward pass. The kernels of the graph networks are those of `forward.ts`
 * and `backward.ts`; what is added here are norms without parameters of their own, attention, and the noise. Its sampler: `sampler.ts`.
 */

import type { Optimizer } from '../../config/types.js';
import { operationsOf } from '../../ir/forward-program.js';
import type { Operation, OperationOf } from '../../ir/operations.js';
import { axis, type Dimensions, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { Backward } from './backward.js';
import { BlockAttention } from './block-attention.js';
import type { BufferId } from './kernel.js';
import { LossHead } from './loss-head.js';
import type { Lowering } from './lowering.js';
import { keepsNormalised, NormsForward } from './norms.js';
import { fields, statisticsShape } from './symbols.js';
import { buffersOf, Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

const f32 = 4;
/** Of the twelve variables' gradients: in every compiled step whose peak is there, whatever grid, precision and batch. */
const numPaddedAtOnce = 9;
const rows = axis('gridNodes');
const samples = axis('batch');
const stateShape: Shape = [rows, samples, axis('outputChannels')];
const stackedShape: Shape = [rows, samples, fields.stacked];

export class DenoiserForward extends NormsForward {
  constructor(
    lowering: Lowering,
    lossHead: LossHead,
    protected readonly sizes: Dimensions,
  ) {
    super(lowering, lossHead);
    this.attention = new BlockAttention(lowering, this, sizes);
    const operations = operationsOf([lowering.program.root]);
    const summed = new Set(operations.flatMap((each) => (each.kind === 'segmentSum' ? [each.input] : [])));
    for (const each of operations)
      if (each.kind === 'condition' && summed.has(each.output)) this.messages.add(each.input);
  }

  readonly attention: BlockAttention;

  protected override operation(operation: Operation, environment: Environment): void {
    switch (operation.kind) {
      case 'normalize':
        this.normalize(operation, environment);
        return;
      case 'activation':
        super.operation(operation, environment);
        if (operation.function === 'gelu-tanh') this.keepTanh(operation, environment);
        return;
      case 'blockAttention':
        this.attention.train(operation, environment);
        return;
      case 'loss':
        // Its value is computed where its gradient is.
        return;
      default:
        super.operation(operation, environment);
    }
  }

  private normalize(operation: OperationOf<'normalize'>, environment: Environment): void {
    const input = this.summedRows(operation.input, environment);
    const statistics = this.array(statisticsShape(this.rows(operation.input, environment)), this.statisticsBytes);
    this.lowering.schedule.run(this.name(operation.output), buffersOf(input), [statistics]);
    environment.setStatistics(operation, statistics);
    environment.setValue(operation.output, fusedIntoReaders(input, inBuffer(statistics)));
    if (this.isWrittenByTriton(operation)) this.materialise(operation.output, environment);
  }

  /**
   * f32 rows of the graph networks (softmax_rewriter_triton.cc). Messages of one sample are read once, in place of the product that they are
   * made of; of several, each has its noise level, and the product stays beside them.
   */
  protected isWrittenByTriton({ output }: OperationOf<'normalize'>): boolean {
    const { gemm } = this.lowering;
    if (gemm.elementBytes === f32 && gemm.hasTriton && this.messages.has(output)) return this.sizes.batch! > 1;
    return keepsNormalised(this.lowering, output, this.sizes);
  }

  /** What is summed over edges. */
  private readonly messages = new Set<ValueId>();

  /** Computed in f32, and rounded: too dear to be computed again where it is read (priority_fusion.cc). */
  private keepTanh({ input, output }: OperationOf<'activation'>, environment: Environment): void {
    if (this.lowering.gemm.elementBytes === f32) return;
    const tanh = this.array(this.shape(output, environment));
    this.lowering.schedule.run('tanh', buffersOf(environment.value(input)), [tanh]);
    environment.setValue(output, fusedIntoReaders(environment.value(input), inBuffer(tanh)));
  }
}

export class DenoiserBackward extends Backward {
  constructor(
    lowering: Lowering,
    private readonly denoiser: DenoiserForward,
    lossHead: LossHead,
    /** Noise, and the state with noise, which the prediction is made of. */
    private readonly noise: readonly BufferId[],
  ) {
    super(lowering, denoiser, lossHead);
  }

  private again = 0;

  override recomputed(...call: Parameters<Backward['recomputed']>): void {
    this.again += 1;
    super.recomputed(...call);
    this.again -= 1;
  }

  protected override operation(operation: Operation, environment: Environment): void {
    const { gradients } = this;
    if (!gradients.has(operation.output)) return;
    switch (operation.kind) {
      case 'normalize': {
        const saved = fusedIntoReaders(...environment.statisticsOf(operation).map(inBuffer));
        const gradient = gradients.take(operation.output);
        gradients.add(operation.input, fusedIntoReaders(gradient, environment.value(operation.input), saved));
        return;
      }
      case 'condition':
        this.condition(operation, gradients.take(operation.output), environment);
        return;
      case 'resizeRows':
        gradients.add(operation.input, fusedIntoReaders(gradients.take(operation.output)));
        return;
      case 'activation': {
        const gradient = gradients.take(operation.output);
        gradients.add(operation.input, fusedIntoReaders(gradient, environment.value(operation.output)));
        return;
      }
      case 'loss':
        gradients.add(operation.prediction, this.lossGradient(environment.value(operation.prediction)));
        return;
      case 'blockAttention':
        this.denoiser.attention.backward(
          operation,
          gradients.take(operation.output),
          gradients,
          environment,
          this.again > 0,
        );
        return;
      default:
        super.operation(operation, environment);
    }
  }

  /** The gradients of the variables, padded to the prediction's width, and their sum: losses.py, weighted_mse_per_level. */
  protected lossGradient(prediction: Representation): Representation {
    const { schedule, gemm } = this.lowering;
    const wide = () => schedule.buffer(stateShape, gemm.elementBytes);
    const ofVariables = Array.from({ length: numPaddedAtOnce }, wide);
    schedule.run('gradients of the variables', [...buffersOf(prediction), ...this.noise], ofVariables);
    const gradient = wide();
    schedule.run('gradient of the prediction', ofVariables, [gradient]);
    return inBuffer(gradient);
  }

  /** Sums over rows for scale and offset, of which the noise's Linear has its gradients. */
  protected condition(
    { input, code, weight, bias, output }: OperationOf<'condition'>,
    gradient: Representation,
    environment: Environment,
  ): void {
    const { gradients } = this;
    const incoming = inBuffer(gradients.materialise(output, gradient, environment));
    const read = [...buffersOf(incoming), ...buffersOf(environment.value(input))];
    for (const id of [bias, weight]) {
      const gradient = gradients.ofParameter(id);
      this.lowering.schedule.run(gradients.nameOf(id), read, [gradient]);
      gradients.made(id, gradient);
    }
    gradients.add(code, fusedIntoReaders());
    gradients.add(input, fusedIntoReaders(incoming));
  }
}

/** One call: noise on the targets, the denoiser, the loss, and the way back. */
export function trainDenoiser(
  trained: Lowering,
  data: readonly BufferId[],
  sizes: Dimensions,
  optimizer: Optimizer,
): void {
  const { program, schedule, gemm } = trained;
  // Without an optimizer the f32 gradients are the results.
  const used = optimizer === 'none' ? program.parameters.filter((parameter) => parameter.used) : [];
  const results = new Map(
    used.map(({ value }) => [value, schedule.output(program.values[value]!.shape, f32, 'gradient')]),
  );
  const lowering: Lowering =
    used.length > 0 && gemm.elementBytes === f32 ? { ...trained, resultOf: (id) => results.get(id)! } : trained;
  const environment = new Environment();
  for (const id of Object.values(program.data)) environment.setValue(id, fusedIntoReaders());
  const noise = schedule.buffer(stateShape, f32);
  schedule.run('noise on the sphere', data, [noise]);
  const noisy = schedule.buffer(stateShape, gemm.elementBytes);
  schedule.run('targets with noise', [...data, noise], [noisy]);
  const stacked = schedule.buffer(stackedShape, gemm.elementBytes);
  schedule.run('normalise, cast and stack the inputs', [...data, noisy], [stacked]);
  environment.setValue(program.data.gridInput!, inBuffer(stacked));
  lowering.zeros.fillHere();
  const lossHead = new LossHead(schedule, gemm);
  const forward = new DenoiserForward(lowering, lossHead, sizes);
  const backward = new DenoiserBackward(lowering, forward, lossHead, [noise, noisy]);
  const { body } = program.root;
  forward.nodes(body, environment);
  schedule.within({ phase: 'backward', module: 'loss' }, () => {
    backward.seed(program.loss!, fusedIntoReaders());
    backward.nodes(body, environment);
  });
  schedule.within({ phase: 'optimizer', module: 'optimizer' }, () => {
    const gradients = backward.parameterGradients.map(({ gradient }) => gradient);
    schedule.run('global norm', optimizer === 'none' ? [] : gradients);
    schedule.run(`update parameters with ${optimizer}`, gradients, [...results.values()]);
  });
}
