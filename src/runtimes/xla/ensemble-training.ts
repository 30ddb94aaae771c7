/**
 * A generative network's training step as XLA:GPU compiles it: all samples of an example are one batch, whose predictions the loss compares with the
 * target and with each other (CRPS). The kernels are those of a denoiser's step (`denoiser.ts`); what differs stands here. Read off the
 * buffer assignment of compiled steps (jaxlib 0.10.2, cuBLAS products).
 */
import type { Optimizer } from '../../config/types.js';
import type { Block, Node } from '../../ir/forward-program.js';
import type { Operation, OperationOf } from '../../ir/operations.js';
import { axis, type Dimensions, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { DataFlow } from './data-flow.js';
import { DenoiserBackward, DenoiserForward } from './denoiser.js';
import type { BufferId } from './kernel.js';
import { LossHead } from './loss-head.js';
import type { Lowering } from './lowering.js';
import { fields } from './symbols.js';
import { buffersOf, Environment, fusedIntoReaders, inBuffer, type Representation } from './values.js';

const f32 = 4;
const rows = axis('gridNodes');
const samples = axis('batch');
const predictionShape: Shape = [rows, samples, axis('outputChannels')];
const stackedShape: Shape = [rows, samples, fields.stacked];

class EnsembleTraining extends DenoiserForward {
  constructor(
    lowering: Lowering,
    lossHead: LossHead,
    sizes: Dimensions,
    private readonly flow: DataFlow,
  ) {
    super(lowering, lossHead, sizes);
  }

  protected override operation(operation: Operation, environment: Environment): void {
    const { output } = operation;
    if (operation.kind === 'linear') this.multiply(operation, environment);
    else super.operation(operation, environment);
    // A residual sum that the next norm and the next sum read.
    if (operation.kind === 'add' && this.flow.readers(output).length > 1) this.materialise(output, environment);
  }

  /** That of the edges is added in the array of gathered rows. */
  private multiply(linear: OperationOf<'linear'>, environment: Environment): void {
    const [sum] = this.flow.readers(linear.output);
    const other = sum?.kind === 'add' && sum.left === linear.output ? sum.right : undefined;
    if (other !== undefined && this.flow.maker(other)?.kind === 'gather') this.addInPlace(linear, other, environment);
    else super.operation(linear, environment);
  }

  /**
   * What is kept normalised beside the product: embedded edges, which all samples share, and the encoder's messages. The decoder's are
   * conditioned in the kernel that normalises them, and normalised again where the backward pass reads them.
   */
  protected override isWrittenByTriton({ output }: OperationOf<'normalize'>): boolean {
    const { program, gemm } = this.lowering;
    if (gemm.elementBytes !== f32 || !gemm.hasTriton) return false;
    const [edges, ofSamples] = program.values[output]!.shape;
    return ofSamples!.symbol === 'one' || edges!.symbol === 'grid2meshEdges';
  }
}

class EnsembleBackward extends DenoiserBackward {
  /** Sums for a norm's scale and offset that the kernel makes which adds up a residual's gradient. */
  private readonly waiting = new Map<ValueId, () => void>();

  constructor(
    lowering: Lowering,
    forward: EnsembleTraining,
    lossHead: LossHead,
    private readonly flow: DataFlow,
    private readonly data: readonly BufferId[],
  ) {
    super(lowering, forward, lossHead, []);
  }

  /** Where a network ends, its grid rows' gradient is added up. */
  protected override block(block: Block, environment: Environment): void {
    super.block(block, environment);
    if (block.role.kind !== 'decoder' && block.role.kind !== 'encoder') return;
    for (const [rowsOfGrid, sums] of this.waiting) {
      if (!this.gradients.has(rowsOfGrid)) continue;
      const gradient = this.gradients.materialise(rowsOfGrid, this.gradients.of(rowsOfGrid), environment);
      this.gradients.set(rowsOfGrid, [inBuffer(gradient)]);
      sums();
      this.waiting.delete(rowsOfGrid);
    }
  }

  /** Of every variable's sample, target and other samples: two arrays as wide as the prediction, one after the other. */
  protected override lossGradient(prediction: Representation): Representation {
    const { schedule, gemm } = this.lowering;
    const [differences, gradient] = [0, 1].map(() => schedule.buffer(predictionShape, gemm.elementBytes));
    schedule.run('gradients of the samples', [...buffersOf(prediction), ...this.data], [differences!]);
    schedule.run('gradient of the prediction', [differences!], [gradient!]);
    return inBuffer(gradient!);
  }

  /** Grid rows of a residual sum: their gradient and the residual's are one array. */
  protected override condition(
    condition: OperationOf<'condition'>,
    gradient: Representation,
    environment: Environment,
  ): void {
    const [sum] = this.flow.readers(condition.output);
    const other = sum?.kind === 'add' ? (sum.left === condition.output ? sum.right : sum.left) : undefined;
    const [rowsOf] = this.lowering.program.values[condition.output]!.shape;
    if (other === undefined || rowsOf!.symbol !== 'gridNodes') {
      super.condition(condition, gradient, environment);
      return;
    }
    const { input, code, weight, bias, output } = condition;
    const { gradients, lowering } = this;
    const incoming = inBuffer(gradients.materialise(output, gradient, environment));
    const read = [...buffersOf(incoming), ...buffersOf(environment.value(input))];
    this.waiting.set(other, () => {
      for (const id of [bias, weight]) {
        const buffer = gradients.ofParameter(id);
        lowering.schedule.run(gradients.nameOf(id), read, [buffer]);
        gradients.made(id, buffer);
      }
    });
    gradients.add(code, fusedIntoReaders());
    gradients.add(input, fusedIntoReaders(incoming));
  }
}

/** One step: the forward pass of all samples, the loss and the way back. */
export function trainEnsemble(
  trained: Lowering,
  body: readonly Node[],
  data: readonly BufferId[],
  sizes: Dimensions,
  optimizer: Optimizer,
): void {
  const { program, schedule, gemm } = trained;
  // Without an optimizer the f32 gradients are the results.
  const parameters = optimizer === 'none' ? program.parameters : [];
  const results = new Map(
    parameters.map(({ value }) => [value, schedule.output(program.values[value]!.shape, f32, 'gradient')]),
  );
  const lowering: Lowering =
    parameters.length > 0 && gemm.elementBytes === f32 ? { ...trained, resultOf: (id) => results.get(id)! } : trained;
  const environment = new Environment();
  for (const id of Object.values(program.data)) environment.setValue(id, fusedIntoReaders());
  const stacked = schedule.buffer(stackedShape, gemm.elementBytes);
  schedule.run('normalise, cast and stack the inputs', data, [stacked]);
  environment.setValue(program.data.gridInput!, inBuffer(stacked));
  lowering.zeros.fillHere();
  const lossHead = new LossHead(schedule, gemm);
  const flow = new DataFlow(body, program.root.module);
  const forward = new EnsembleTraining(lowering, lossHead, sizes, flow);
  const backward = new EnsembleBackward(lowering, forward, lossHead, flow, data);
  forward.nodes(body, environment);
  schedule.within({ phase: 'backward', module: 'loss' }, () => {
    backward.seed(lossOf(body), fusedIntoReaders());
    backward.nodes(body, environment);
  });
  const gradients = backward.parameterGradients.map(({ gradient }) => gradient);
  schedule.within({ phase: 'optimizer', module: 'optimizer' }, () => {
    schedule.run('global norm', optimizer === 'none' ? [] : gradients);
    schedule.run(`update parameters with ${optimizer}`, gradients, [...results.values()]);
  });
}

function lossOf(body: readonly Node[]): ValueId {
  const [loss] = body.flatMap((node) => (node.kind === 'block' && node.role.kind === 'loss' ? node.outputs : []));
  return loss!;
}
