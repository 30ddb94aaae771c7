/**
 * Runs a forward program as PyTorch eager does: one kernel after the other, outputs freed when the last local variable and the
 * last saved reference are gone. One rule per operation says what it allocates and what autograd keeps; autocast's casts follow
 * the CUDA lists (linear → 16 bit, layer_norm → fp32, the others → widest input).
 * Sources: tools/autograd/derivatives.yaml, aten/src/ATen/autocast_mode.cpp (torch 2.13).
 */
import type { Recipe } from '../../config/types.js';
import { categories } from '../../memory/trace.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import type { Shape } from '../../program/shape.js';
import { axis } from '../../program/shape.js';
import type { Activation, Block, Concat, ForwardProgram, Gather, GatherAdd, LayerNorm, Linear, Operation, SegmentSum, ValueId } from '../../program/types.js';
import { lowerLoss } from './loss.js';
import { Replay, replayStop } from './replay.js';
import { type Accumulator, type Backward, Engine, type Gradient, GradientPool, type GradientTarget, type Tensor, type TapeNode } from './tape.js';

type Hook = { readonly kind: 'checkpoint' | 'record'; readonly replay: Replay };

const batch = axis('batch');
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

  constructor(
    private readonly program: ForwardProgram,
    readonly recorder: TraceRecorder,
    private readonly recipe: Recipe,
  ) {
    this.tensors = new Array(program.values.length);
    this.held = new Uint8Array(program.values.length);
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

  /** The whole forward pass; returns the loss, or nothing in inference. */
  forward(): Tensor | undefined {
    if (this.recipe.precision === 'bf16' || this.recipe.precision === 'fp16') this.castCache = new Map();
    this.runBlock(this.program.root);
    this.leaveAutocast(undefined);
    const { loss, predictions } = this.program;
    if (loss !== undefined) return this.tensors[loss];
    this.drop(predictions.at(-1)!);
    return undefined;
  }

  private leaveAutocast(outer: Map<ValueId, Tensor> | undefined): void {
    for (const tensor of this.castCache?.values() ?? []) this.recorder.release(tensor.storage);
    this.castCache = outer;
  }

  private runBlock(block: Block): void {
    if (!block.recomputed || !this.training) return this.runBody(block);
    const inputs = block.inputs.map((value) => ({ value, tensor: this.tensors[value]! }));
    const replay = new Replay(block, inputs, this.recorder, (self) => this.replay(self, this.usesAutocast));
    this.hooks.push({ kind: 'checkpoint', replay });
    this.runBody(block);
    this.hooks.pop();
  }

  private get usesAutocast(): boolean {
    return this.recipe.precision === 'bf16' || this.recipe.precision === 'fp16';
  }

  private replay(replay: Replay, autocast: boolean): void {
    const outerCache = this.castCache;
    const firstProduced = this.producedByReplay.length;
    const firstScratch = this.scratch.length;
    this.castCache = autocast ? new Map() : undefined;
    for (const { value, tensor } of replay.inputs) this.tensors[value] = tensor;
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
        this.lower(node);
      }
    }
  }

  private drop(value: ValueId): void {
    if (this.held[value] === 0) return;
    this.held[value] = 0;
    this.recorder.release(this.tensors[value]!.storage);
  }

  private lower(operation: Operation): void {
    switch (operation.kind) {
      case 'linear':
        return this.linear(operation);
      case 'activation':
        return this.activation(operation);
      case 'layerNorm':
        return this.layerNorm(operation);
      case 'gather':
        return this.gather(operation);
      case 'concat':
        return this.concat(operation);
      case 'segmentSum':
        return this.segmentSum(operation);
      case 'add':
        return this.add(operation.left, operation.right, operation.output);
      case 'gatherAdd':
        return this.gatherAdd(operation);
      case 'loss':
        return lowerLoss(this, operation);
      default:
        throw new Error(`no PyTorch rule for ${operation.kind}`);
    }
  }

  /** Keeps its input and its weight, as autocast hands them to it. */
  private linear({ input, weight, bias, output }: Linear): void {
    const biasTensor = bias === undefined ? undefined : this.autocastParameter(bias);
    const weightTensor = this.autocastParameter(weight);
    const given = this.tensors[input]!;
    if (given.activationOf !== undefined) return this.activationAndLinear(given, weightTensor, biasTensor, output);
    const x = this.autocast ? this.cast(given, 2) : given;
    const { pool } = this;
    const node = this.node([x.target, weightTensor.target, biasTensor?.target], () => [
      x.target && pool.make(x.shape, x.elementBytes),
      pool.make(weightTensor.shape, x.elementBytes),
      biasTensor && pool.make(biasTensor.shape, x.elementBytes),
    ]);
    this.save(node, x, weightTensor);
    this.produce(output, x.elementBytes, node);
    this.releaseScratch(0);
  }

  /** recompute_activation: one function keeps the activation's input and recomputes it in the backward pass. */
  private activationAndLinear(activated: Tensor, weight: Tensor, bias: Tensor | undefined, output: ValueId): void {
    const x = activated.activationOf!;
    const { pool } = this;
    const node = this.node([x.target, weight.target, bias?.target], () => {
      const biasGradient = bias && pool.make(bias.shape, x.elementBytes);
      const again = pool.make(x.shape, x.elementBytes);
      const weightGradient = pool.make(weight.shape, x.elementBytes);
      const scratch = [again, pool.make(x.shape, x.elementBytes), pool.make(x.shape, x.elementBytes)];
      const inputGradient = pool.make(x.shape, x.elementBytes);
      for (const gradient of scratch) pool.release(gradient);
      return [inputGradient, weightGradient, biasGradient];
    });
    this.produceInCustomFunction(output, x.elementBytes, node);
    this.save(node, x, weight);
    this.releaseScratch(0);
  }

  private activation({ input, output, recomputed }: Activation): void {
    const x = this.tensors[input]!;
    if (recomputed) {
      this.recorder.retain(x.storage);
      this.scratch.push(x);
      this.produce(output, x.elementBytes, undefined, x);
      return;
    }
    const node = this.node([x.target], () => [this.pool.make(x.shape, x.elementBytes)]);
    this.save(node, x);
    this.produce(output, x.elementBytes, node);
  }

  /** fp32 in autocast; keeps its input and fp32 mean and reciprocal deviation per row. */
  private layerNorm({ input, scale, offset, output }: LayerNorm): void {
    const { pool, recorder } = this;
    const given = this.tensors[input]!;
    const x = this.autocast ? this.cast(given, 4) : given;
    const scaleTensor = this.tensors[scale]!;
    const offsetTensor = this.tensors[offset]!;
    const node = this.node([x.target, scaleTensor.target, offsetTensor.target], () => [
      pool.make(x.shape, x.elementBytes),
      pool.make(scaleTensor.shape, scaleTensor.elementBytes),
      pool.make(offsetTensor.shape, offsetTensor.elementBytes),
    ]);
    this.save(node, x);
    this.produce(output, x.elementBytes, node);
    const statistics = this.statisticsShape(x.shape);
    const mean = this.scratchTensor(recorder.allocate(statistics, 4), statistics, 4, undefined);
    const deviation = this.scratchTensor(recorder.allocate(statistics, 4), statistics, 4, undefined);
    this.save(node, mean, deviation);
    this.releaseScratch(0);
  }

  /** Keeps the index only, a view of the graph's edge list. Backward: zeros of the node rows, added into. */
  private gather({ input, output }: Gather): void {
    const x = this.tensors[input]!;
    const node = this.node([x.target], () => [this.pool.make(x.shape, x.elementBytes)]);
    this.produce(output, x.elementBytes, node);
  }

  /** Keeps nothing. Backward: narrow views of the incoming gradient. */
  private concat({ inputs, output }: Concat): void {
    const tensors = inputs.map((id) => this.tensors[id]!);
    const elementBytes = Math.max(...tensors.map((tensor) => tensor.elementBytes));
    const node = this.node(
      tensors.map((tensor) => tensor.target),
      (incoming) => tensors.map((tensor) => (tensor.target === undefined ? undefined : this.pool.view(incoming, tensor.shape))),
    );
    this.produce(output, elementBytes, node);
  }

  /** scatter_add_ into zeros; backward gathers. */
  private segmentSum({ input, output }: SegmentSum): void {
    const x = this.tensors[input]!;
    const node = this.node([x.target], () => [this.pool.make(x.shape, x.elementBytes)]);
    this.produce(output, x.elementBytes, node);
  }

  /** Keeps nothing; both sides get the same gradient tensor. */
  private add(left: ValueId, right: ValueId, output: ValueId): void {
    const a = this.tensors[left]!;
    const b = this.tensors[right]!;
    const node = this.node([a.target, b.target], (incoming) => [
      a.target && this.pool.share(incoming),
      b.target && this.pool.share(incoming),
    ]);
    this.produce(output, Math.max(a.elementBytes, b.elementBytes), node);
  }

  /**
   * What a custom autograd.Function makes in a replay counts as temporary: it runs without grad mode, and recomputed is what is
   * made with grad mode on (the category's definition in the traced ground truth).
   */
  private produceInCustomFunction(output: ValueId, elementBytes: number, node: TapeNode | undefined): void {
    const { recorder } = this;
    const category = recorder.currentCategory;
    recorder.currentCategory = temporary;
    this.produce(output, elementBytes, node);
    recorder.currentCategory = category;
  }

  private gatherAdd({ edges, senders, receivers, output }: GatherAdd): void {
    const [e, s, r] = [this.tensors[edges]!, this.tensors[senders]!, this.tensors[receivers]!];
    const node = this.node([e.target, s.target, r.target], (incoming) => [
      this.pool.share(incoming),
      this.pool.make(s.shape, s.elementBytes),
      this.pool.make(r.shape, r.elementBytes),
    ]);
    this.produceInCustomFunction(output, e.elementBytes, node);
  }

  tensor(value: ValueId): Tensor {
    return this.tensors[value]!;
  }

  /** A tape node for the operation at work; none in inference or where no gradient flows. */
  node(next: readonly (GradientTarget | undefined)[], backward: Backward): TapeNode | undefined {
    if (!this.training || next.every((target) => target === undefined)) return undefined;
    return {
      kind: 'node',
      sequence: this.sequence++,
      operation: this.recorder.currentOperation,
      module: this.recorder.currentModule,
      next,
      backward,
      saved: [],
      replay: undefined,
      firstSlot: 0,
      numSlots: 0,
      incoming: undefined,
      numPending: 0,
    };
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

  private cast(x: Tensor, elementBytes: number): Tensor {
    if (x.elementBytes === elementBytes) return x;
    const node = this.node([x.target], () => [this.pool.make(x.shape, x.elementBytes)]);
    return this.scratchTensor(this.recorder.allocate(x.shape, elementBytes), x.shape, elementBytes, node);
  }

  private autocastParameter(value: ValueId): Tensor {
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

  private scratchTensor(storage: number, shape: Shape, elementBytes: number, target: GradientTarget | undefined): Tensor {
    const tensor = { storage, shape, elementBytes, target };
    this.scratch.push(tensor);
    return tensor;
  }

  private releaseScratch(first: number): void {
    for (const { storage } of this.scratch.splice(first)) this.recorder.release(storage);
  }

  /** `[rows, batch, 1]` */
  statisticsShape(shape: Shape): Shape {
    let statistics = this.statisticsShapes.get(shape);
    if (statistics === undefined) {
      statistics = [shape[0]!, batch, one];
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

export type { Gradient };
