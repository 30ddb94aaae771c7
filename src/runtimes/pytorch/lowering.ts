/**
 * What the operations' rules write to: tensors that local variables and the tape hold, tape nodes, casts. An output is freed when the
 * last local variable and the last saved reference are gone.
 */
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import { type Axis, axis, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import { OperationLabels } from './operation-labels.js';
import type { ReplayInput } from './replay.js';
import { SavedTensors } from './saved-tensors.js';
import { type Backward, Engine, GradientPool, type GradientTarget, type TapeNode, type Tensor } from './tape.js';

const one = axis('one');

export class Lowering {
  readonly pool: GradientPool;
  readonly engine: Engine;
  readonly savedTensors: SavedTensors;
  readonly labels: OperationLabels;
  private readonly tensors: (Tensor | undefined)[];
  /** Values that a local variable of some frame holds. */
  private readonly held: Uint8Array;
  private readonly producedByReplay: ValueId[] = [];
  /** What the operation at work holds besides its inputs: casts, and what a recomputing Linear will keep. */
  private readonly scratch: Tensor[] = [];
  /** Autocast's cache of 16-bit parameters; absent outside an autocast region. */
  private castCache: Map<ValueId, Tensor> | undefined;
  private readonly madeOnce = new Map<ValueId, Tensor>();
  private sequence = 0;
  private readonly statisticsShapes = new Map<Shape, Shape>();
  private gradMode = true;

  constructor(
    private readonly program: ForwardProgram,
    readonly recorder: TraceRecorder,
    private readonly recipe: Recipe,
  ) {
    this.tensors = new Array(program.values.length);
    this.held = new Uint8Array(program.values.length);
    this.pool = new GradientPool(recorder);
    this.savedTensors = new SavedTensors(recorder);
    this.labels = new OperationLabels(program, recorder);
    this.engine = new Engine(this.pool, (operation) => this.labels.backward(operation));
  }

  get autocast(): boolean {
    return this.castCache !== undefined;
  }

  private get training(): boolean {
    return this.gradMode && this.recipe.mode === 'train';
  }

  /** torch.no_grad() */
  withoutGradients(run: () => void): void {
    this.gradMode = false;
    run();
    this.gradMode = true;
  }

  get hasSeveralSamples(): boolean {
    return this.recipe.batchSize > 1;
  }

  bind(value: ValueId, tensor: Tensor): void {
    this.tensors[value] = tensor;
  }

  /** The caller takes over the local variable's reference. */
  take(value: ValueId): Tensor {
    this.held[value] = 0;
    return this.tensors[value]!;
  }

  /** Autocast's cache of 16-bit parameters lives as long as its region. */
  autocastRegion(run: () => void): void {
    const { precision } = this.recipe;
    const outer = this.castCache;
    this.castCache = precision === 'bf16' || precision === 'fp16' ? new Map() : undefined;
    run();
    for (const tensor of this.castCache?.values() ?? []) this.recorder.release(tensor.storage);
    this.castCache = outer;
  }

  /** A replay reads inputs of its own; whatever it has made and nobody saved is gone at its end. */
  runAgain(inputs: readonly ReplayInput[], run: () => void): void {
    const firstProduced = this.producedByReplay.length;
    const firstScratch = this.scratch.length;
    const outside = inputs.map(({ value }) => this.tensors[value]);
    for (const { value, tensor } of inputs) this.tensors[value] = tensor;
    this.autocastRegion(() => {
      run();
      for (const value of this.producedByReplay.splice(firstProduced)) this.drop(value);
      this.releaseScratch(firstScratch);
    });
    for (const [i, { value }] of inputs.entries()) this.tensors[value] = outside[i];
  }

  /** A recomputing Linear will keep the input of the activation before it. */
  hold(tensor: Tensor): void {
    this.recorder.retain(tensor.storage);
    this.scratch.push(tensor);
  }

  /**
   * What a custom autograd.Function makes in a replay counts as temporary: it runs without grad mode, and recomputed is what is
   * made with grad mode on (the category's definition in the traced ground truth).
   */
  produceInCustomFunction(output: ValueId, elementBytes: number, node: TapeNode | undefined): void {
    const { recorder } = this;
    const category = recorder.currentCategory;
    recorder.currentCategory = 'temporary';
    this.produce(output, elementBytes, node);
    recorder.currentCategory = category;
  }

  drop(value: ValueId): void {
    if (this.held[value] === 0) return;
    this.held[value] = 0;
    this.recorder.release(this.tensors[value]!.storage);
  }

  shapeOf(value: ValueId): Shape {
    return this.program.values[value]!.shape;
  }

  tensor(value: ValueId): Tensor {
    return this.tensors[value]!;
  }

  /** A tape node for the operation at work; none in inference or where no gradient flows. */
  node(
    next: readonly (GradientTarget | undefined)[],
    backward: Backward,
    sumTo: readonly (Shape | undefined)[] = [],
  ): TapeNode | undefined {
    if (!this.training || next.every((target) => target === undefined)) return undefined;
    return {
      kind: 'node',
      sequence: this.sequence++,
      operation: this.recorder.currentOperation,
      module: this.recorder.currentModule,
      turn: this.recorder.turn,
      next,
      backward,
      sumTo,
      fitTo: [],
      saved: [],
      replay: undefined,
      firstSlot: 0,
      numSlots: 0,
      incoming: undefined,
      numPending: 0,
    };
  }

  /** A node whose raw gradients the engine brings to the shapes and types of `inputs`. */
  fittingNode(inputs: readonly Tensor[], backward: Backward): TapeNode | undefined {
    const node = this.node(
      inputs.map(({ target }) => target),
      backward,
    );
    if (node !== undefined) node.fitTo = inputs;
    return node;
  }

  save(node: TapeNode | undefined, ...tensors: readonly Tensor[]): void {
    if (node !== undefined) this.savedTensors.save(node, tensors);
  }

  produce(output: ValueId, elementBytes: number, target: GradientTarget | undefined, activationOf?: Tensor): Tensor {
    const { shape } = this.program.values[output]!;
    const storage = this.recorder.allocate(shape, elementBytes);
    const tensor: Tensor = activationOf
      ? { storage, shape, elementBytes, target: activationOf.target, activationOf }
      : { storage, shape, elementBytes, target };
    this.tensors[output] = tensor;
    this.held[output] = 1;
    if (this.savedTensors.inReplay) this.producedByReplay.push(output);
    return tensor;
  }

  /** Another handle on a tensor's storage. */
  produceAlias(output: ValueId, of: Tensor, target: GradientTarget | undefined): void {
    this.recorder.retain(of.storage);
    this.tensors[output] = { ...of, shape: this.program.values[output]!.shape, target };
    this.held[output] = 1;
    if (this.savedTensors.inReplay) this.producedByReplay.push(output);
  }

  /** What the first step makes and the module keeps: a handle on it in every later step. */
  produceOnce(output: ValueId, make: () => Tensor): void {
    let kept = this.madeOnce.get(output);
    if (kept === undefined) {
      kept = make();
      this.madeOnce.set(output, kept);
      this.recorder.categorize(kept.storage, 'input');
    }
    this.produceAlias(output, kept, undefined);
  }

  cast(x: Tensor, elementBytes: number): Tensor {
    if (x.elementBytes === elementBytes) return x;
    const node = this.node([x.target], () => [this.pool.make(x.shape, x.elementBytes)]);
    return this.scratchTensor(this.recorder.allocate(x.shape, elementBytes), x.shape, elementBytes, node);
  }

  autocastParameter(value: ValueId): Tensor {
    const parameter = this.tensors[value]!;
    if (this.castCache === undefined || parameter.elementBytes === 2) return parameter;
    const known = this.castCache.get(value);
    if (known !== undefined) return known;
    const node = this.node([parameter.target], () => [this.pool.make(parameter.shape, parameter.elementBytes)]);
    const storage = this.recorder.allocate(parameter.shape, 2);
    const cast: Tensor = { storage, shape: parameter.shape, elementBytes: 2, target: node };
    this.castCache.set(value, cast);
    return cast;
  }

  scratchTensor(storage: number, shape: Shape, elementBytes: number, target: GradientTarget | undefined): Tensor {
    const tensor = { storage, shape, elementBytes, target };
    this.scratch.push(tensor);
    return tensor;
  }

  releaseScratch(first: number): void {
    while (this.scratch.length > first) this.recorder.release(this.scratch.pop()!.storage);
  }

  /** `[rows, batch, 1]`, or a number for each of the parts of a row. */
  statisticsShape(shape: Shape, parts?: Axis): Shape {
    if (parts !== undefined) return [shape[0]!, shape[1]!, parts];
    let statistics = this.statisticsShapes.get(shape);
    if (statistics === undefined) {
      statistics = [shape[0]!, shape[1]!, one];
      this.statisticsShapes.set(shape, statistics);
    }
    return statistics;
  }
}
