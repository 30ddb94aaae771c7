/**
 * Runs a forward program as PyTorch eager does: one kernel after the other, outputs freed when the last local variable and the
 * last saved reference are gone. The operations' rules are in `rules.ts`.
 */
import type { Recipe } from '../../config/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import { categories } from '../../memory/trace.js';
import type { Shape } from '../../program/shape.js';
import { axis } from '../../program/shape.js';
import type { Block, ForwardProgram, ValueId } from '../../program/types.js';
import { Boundary } from './boundary.js';
import { type InputsKept, Replay, type ReplayInput, replayStop } from './replay.js';
import { lower } from './rules.js';
import {
  type Accumulator,
  type Backward,
  Engine,
  type Gradient,
  GradientPool,
  type GradientTarget,
  type TapeNode,
  type Tensor,
} from './tape.js';

type Hook = { readonly kind: 'checkpoint' | 'record'; readonly replay: Replay };

const one = axis('one');
const activation = categories.indexOf('activation');
const temporary = categories.indexOf('temporary');

export class Lowering {
  readonly pool: GradientPool;
  readonly engine: Engine;
  private readonly tensors: (Tensor | undefined)[];
  /** Values that a local variable of some frame holds. */
  private readonly held: Uint8Array;
  private readonly producedByReplay: ValueId[] = [];
  /** What the operation at work holds besides its inputs: casts, and what a recomputing Linear will keep. */
  private readonly scratch: Tensor[] = [];
  private readonly hooks: Hook[] = [];
  /** Autocast's cache of 16-bit parameters; absent outside an autocast region. */
  private castCache: Map<ValueId, Tensor> | undefined;
  private sequence = 0;
  private readonly forwardLabels: (number | undefined)[] = [];
  private readonly backwardLabels = new Map<number, number>();
  private readonly operationNames: string[] = [];
  private readonly statisticsShapes = new Map<Shape, Shape>();
  private readonly boundary: Boundary;

  constructor(
    private readonly program: ForwardProgram,
    readonly recorder: TraceRecorder,
    private readonly recipe: Recipe,
  ) {
    this.tensors = new Array(program.values.length);
    this.held = new Uint8Array(program.values.length);
    this.boundary = new Boundary(program, recorder, recipe);
    this.pool = new GradientPool(recorder);
    this.engine = new Engine(this.pool, (operation) => this.backwardLabel(operation));
  }

  get autocast(): boolean {
    return this.castCache !== undefined;
  }

  private get training(): boolean {
    return this.recipe.mode === 'train';
  }

  bind(value: ValueId, tensor: Tensor): void {
    this.tensors[value] = tensor;
  }

  accumulatorOf(value: ValueId): Accumulator {
    return this.tensors[value]!.target as Accumulator;
  }

  /** The whole forward pass. Its results stay with the caller, who takes or drops them. */
  forward(): void {
    if (this.usesAutocast) this.castCache = new Map();
    this.runBlock(this.program.root);
    this.leaveAutocast(undefined);
  }

  /** The caller takes over the local variable's reference. */
  take(value: ValueId): Tensor {
    this.held[value] = 0;
    return this.tensors[value]!;
  }

  private leaveAutocast(outer: Map<ValueId, Tensor> | undefined): void {
    for (const tensor of this.castCache?.values() ?? []) this.recorder.release(tensor.storage);
    this.castCache = outer;
  }

  private runBlock(block: Block): void {
    if (block.role.kind === 'model' && block.role.rolloutStep > 0) this.selectSample(block.inputs[0]!);
    if (!block.recomputed || !this.training) {
      this.runBody(block);
      return;
    }
    const values = this.hooks.length === 0 ? this.boundary.inputsOf(block) : block.inputs;
    const inputs = values.map((value) => ({ value, tensor: this.tensors[value]! }));
    const run = (self: Replay) => this.replay(self, this.usesAutocast);
    const replay = new Replay(block, inputs, this.keep(block, inputs), this.recorder, run);
    this.hooks.push({ kind: 'checkpoint', replay });
    this.runBody(block);
    this.hooks.pop();
  }

  /** PhysicsNeMo's prepare_input reads `prediction[0]`: no copy forward, zeros of the whole backward. */
  private selectSample(prediction: ValueId): void {
    const tensor = this.tensors[prediction]!;
    const target = this.node([tensor.target], () => [this.pool.make(tensor.shape, tensor.elementBytes)]);
    this.tensors[prediction] = { ...tensor, target };
  }

  /** Inside another checkpoint, a block's inputs are saved as any tensor is there. */
  private keep(block: Block, inputs: readonly ReplayInput[]): InputsKept {
    const outer = this.hooks.at(-1);
    if (outer === undefined) return this.boundary.offloaded ? this.boundary.send(block, inputs) : { kind: 'device' };
    const { replay } = outer;
    if (outer.kind === 'checkpoint') return { kind: 'outer', replay, firstSlot: replay.reserve(inputs.length) };
    for (const { tensor } of inputs) replay.record(tensor.storage);
    return { kind: 'outer', replay, firstSlot: 0 };
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
    recorder.currentCategory = temporary;
    this.produce(output, elementBytes, node);
    recorder.currentCategory = category;
  }

  private get usesAutocast(): boolean {
    return this.recipe.precision === 'bf16' || this.recipe.precision === 'fp16';
  }

  private replay(replay: Replay, autocast: boolean): void {
    const inputs = replay.inputs();
    const outerCache = this.castCache;
    const firstProduced = this.producedByReplay.length;
    const firstScratch = this.scratch.length;
    this.castCache = autocast ? new Map() : undefined;
    const outside = inputs.map(({ value }) => this.tensors[value]);
    for (const { value, tensor } of inputs) this.tensors[value] = tensor;
    this.recorder.mark('backward', true);
    this.recorder.currentCategory = activation;
    this.hooks.push({ kind: 'record', replay });
    try {
      this.runBody(replay.block);
    } catch (stop) {
      if (stop !== replayStop) throw stop;
    }
    this.hooks.pop();
    for (const value of this.producedByReplay.splice(firstProduced)) this.drop(value);
    this.releaseScratch(firstScratch);
    this.leaveAutocast(outerCache);
    for (const [i, { value }] of inputs.entries()) this.tensors[value] = outside[i];
    replay.letGo(inputs);
    this.recorder.currentCategory = temporary;
    this.recorder.mark('backward');
  }

  private runBody(block: Block): void {
    const { recorder } = this;
    const module = recorder.module(block.module);
    for (const node of block.body) {
      if (node.kind === 'block') this.runBlock(node);
      else if (node.kind === 'drop') this.drop(node.value);
      else {
        recorder.currentModule = module;
        recorder.currentOperation = this.forwardLabel(node.output, block);
        lower(this, node);
      }
    }
  }

  private drop(value: ValueId): void {
    if (this.held[value] === 0) return;
    this.held[value] = 0;
    this.recorder.release(this.tensors[value]!.storage);
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
    if (node === undefined) return;
    const hook = this.hooks.at(-1);
    if (hook === undefined) {
      for (const { storage } of tensors) {
        this.recorder.retain(storage);
        node.saved.push(storage);
      }
    } else if (hook.kind === 'checkpoint') {
      const first = hook.replay.reserve(tensors.length);
      if (node.replay === undefined) node.firstSlot = first;
      node.replay = hook.replay;
      node.numSlots += tensors.length;
    } else {
      for (const { storage } of tensors) hook.replay.record(storage);
    }
  }

  produce(output: ValueId, elementBytes: number, target: GradientTarget | undefined, activationOf?: Tensor): Tensor {
    const { shape } = this.program.values[output]!;
    const storage = this.recorder.allocate(shape, elementBytes);
    const tensor: Tensor = activationOf
      ? { storage, shape, elementBytes, target: activationOf.target, activationOf }
      : { storage, shape, elementBytes, target };
    this.tensors[output] = tensor;
    this.held[output] = 1;
    if (this.hooks.some(({ kind }) => kind === 'record')) this.producedByReplay.push(output);
    return tensor;
  }

  /** Another handle on a tensor's storage. */
  produceAlias(output: ValueId, of: Tensor, target: GradientTarget | undefined): void {
    this.recorder.retain(of.storage);
    this.tensors[output] = { ...of, shape: this.program.values[output]!.shape, target };
    this.held[output] = 1;
    if (this.hooks.some(({ kind }) => kind === 'record')) this.producedByReplay.push(output);
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

  /** `[rows, batch, 1]` */
  statisticsShape(shape: Shape): Shape {
    let statistics = this.statisticsShapes.get(shape);
    if (statistics === undefined) {
      statistics = [shape[0]!, shape[1]!, one];
      this.statisticsShapes.set(shape, statistics);
    }
    return statistics;
  }

  private forwardLabel(value: ValueId, block: Block): number {
    let label = this.forwardLabels[value];
    if (label === undefined) {
      const name = `${block.name}: ${this.program.values[value]!.name}`;
      label = this.recorder.operation(name);
      this.operationNames[label] = name;
      this.forwardLabels[value] = label;
    }
    return label;
  }

  private backwardLabel(operation: number): number {
    let label = this.backwardLabels.get(operation);
    if (label === undefined) {
      label = this.recorder.operation(`${this.operationNames[operation] ?? 'step'}, backward`);
      this.backwardLabels.set(operation, label);
    }
    return label;
  }
}

const scalar = [one];

/** Where the backward pass begins: `[1]`, all ones. */
export function gradientOfLoss(
  { target, elementBytes }: Tensor,
  { pool, recorder }: Lowering,
): readonly [GradientTarget, Gradient] {
  recorder.currentOperation = recorder.operation('gradient of the loss');
  return [target!, pool.make(scalar, elementBytes)];
}
