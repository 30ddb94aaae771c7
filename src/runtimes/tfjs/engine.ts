/**
 * TensorFlow.js's engine as bookkeeping alone: tensors that share storages, scopes that dispose what they tracked, and a tape whose
 * nodes hold clones of what their gradients need. Every storage that comes or goes is written to the trace.
 * Source: tfjs-core 4.22.0, engine.ts (runKernelFunc, gradients, endScope) and tape.ts (backpropagateGradients).
 */
import type { TraceRecorder } from '../../memory/recorder.js';
import type { Category } from '../../memory/trace.js';
import { flatShape, shapeKey, type TensorShape } from './shapes.js';
import { freshTensor, type Scope, type SymbolicTensor } from './symbolic-tensor.js';
import { type Gradient, OfLabel, pathFromTo, type TapeNode } from './tape.js';

export class SymbolicEngine {
  private readonly scopes: Scope[] = [];
  private tape: TapeNode[] | undefined;
  private kernelDepth = 0;
  private place = new OfLabel('');
  private module = 'other';
  private readonly places = new Map<string, OfLabel>();
  private readonly shapes = new Map<string, ReturnType<typeof flatShape>>();
  /** Of the shape objects met so far; most tensors share theirs with another one. */
  private readonly shapeOf = new Map<TensorShape, ReturnType<typeof flatShape>>();
  /** First storage of the micro-step: what the forward pass has made since then is what the backward pass needs. */
  private firstStorage = 0;
  private isFirstTape = true;

  constructor(readonly recorder: TraceRecorder) {}

  /** The forward pass of a micro-step, or of a prediction. */
  beginPass(): void {
    this.firstStorage = this.recorder.numStorages;
    this.isFirstTape = true;
    this.recorder.mark('forward');
  }

  enter(label: string, module: string): void {
    let place = this.places.get(label);
    if (place === undefined) {
      place = new OfLabel(label);
      this.places.set(label, place);
    }
    this.enterAgain(place, module);
  }

  private enterAgain(place: OfLabel, module: string): void {
    this.place = place;
    this.module = module;
    this.recorder.currentModule = this.recorder.module(module);
  }

  make(shape: TensorShape, kernel: string, elementBytes = 4): SymbolicTensor {
    this.recorder.currentOperation = this.operation(kernel);
    return this.track(freshTensor(this.recorder.allocate(this.flat(shape), elementBytes), shape, elementBytes));
  }

  /** A tensor over the storage of another one: Identity, Reshape, Cast to the same type. */
  alias(source: SymbolicTensor, shape = source.shape): SymbolicTensor {
    this.recorder.retain(source.storage);
    return this.track(freshTensor(source.storage, shape, source.elementBytes));
  }

  variable(shape: TensorShape, name: string, category: Category): SymbolicTensor {
    const { storage } = this.make(shape, name);
    this.recorder.categorize(storage, category);
    return { ...freshTensor(storage, shape, 4), category };
  }

  assign(variable: SymbolicTensor, value: SymbolicTensor): void {
    this.recorder.release(variable.storage);
    variable.storage = value.storage;
    this.recorder.retain(value.storage);
    this.recorder.categorize(value.storage, variable.category!);
  }

  dispose(tensors: readonly SymbolicTensor[]): void {
    for (const tensor of tensors) this.disposeOne(tensor);
  }

  private disposeOne(tensor: SymbolicTensor): void {
    if (tensor.disposed) return;
    tensor.disposed = true;
    this.recorder.release(tensor.storage);
  }

  /** What waits on the host is what the backward pass needs, or the state of a variable. → made again, and counted as before. */
  offload(tensor: SymbolicTensor): () => SymbolicTensor {
    const { storage, shape, elementBytes, category } = tensor;
    this.recorder.categorize(storage, category ?? 'activation');
    this.dispose([tensor]);
    return () =>
      this.track({
        ...freshTensor(this.recorder.allocateLike(storage), shape, elementBytes),
        ...(category && { category }),
      });
  }

  /** Each tensor but the returned goes in its own turn, in the order in which they came. */
  private end(scope: Scope, returned: readonly SymbolicTensor[]): void {
    const { recorder } = this;
    const { turn } = recorder;
    for (const tensor of scope) {
      if (tensor.kept || returned.includes(tensor)) continue;
      recorder.turn = tensor.turn;
      this.disposeOne(tensor);
    }
    recorder.turn = turn;
  }

  tidy<R extends SymbolicTensor | readonly SymbolicTensor[]>(f: () => R): R {
    const scope: Scope = [];
    this.scopes.push(scope);
    const result = f();
    const results: readonly SymbolicTensor[] = Array.isArray(result) ? result : [result as SymbolicTensor];
    this.end(scope, results);
    this.scopes.pop();
    for (const tensor of results) if (!tensor.kept && tensor.scope === scope) this.track(tensor);
    return result;
  }

  /** A kernel has made `output`: on a tape, it keeps clones of `saves` for its gradient. */
  record(
    inputs: TapeNode['inputs'],
    output: SymbolicTensor,
    saves: readonly SymbolicTensor[],
    gradient: Gradient,
  ): SymbolicTensor {
    if (this.isTaping) this.addNode(inputs, output, this.save(saves), gradient);
    return output;
  }

  customGradient(
    inputs: readonly SymbolicTensor[],
    forward: (save: (tensors: readonly SymbolicTensor[]) => void) => {
      value: SymbolicTensor;
      gradient: (dy: SymbolicTensor, saved: readonly SymbolicTensor[]) => readonly SymbolicTensor[];
    },
  ): SymbolicTensor {
    const taping = this.isTaping;
    let saved: readonly SymbolicTensor[] = [];
    let gradient: ReturnType<typeof forward>['gradient'];
    this.kernelDepth++;
    const value = this.tidy(() => {
      const result = forward((tensors) => {
        if (taping) saved = this.save(tensors);
      });
      gradient = result.gradient;
      return result.value;
    });
    this.kernelDepth--;
    if (taping) {
      const named = Object.fromEntries(inputs.map((input, i) => [String(i), input]));
      this.addNode(named, value, saved, (dy, kept) =>
        Object.fromEntries(gradient(dy, kept).map((dx, i) => [String(i), () => dx])),
      );
    }
    return value;
  }

  gradients(f: () => SymbolicTensor, xs: readonly SymbolicTensor[], dy: SymbolicTensor | undefined, add: Add) {
    const firstOfTape = this.isFirstTape ? this.firstStorage : this.recorder.numStorages;
    this.tape = [];
    const value = this.tidy(f);
    const tape = this.tape;
    this.tape = undefined;
    this.recorder.categorizeLiveAsActivation(firstOfTape);
    this.isFirstTape = false;
    this.recorder.mark('backward');
    let found: readonly (SymbolicTensor | undefined)[] = [];
    this.tidy(() => {
      const gradientOf = new Map([[value, dy ?? this.make(value.shape, 'Ones')]]);
      for (const node of pathFromTo(tape, xs, value).reverse()) this.backpropagate(node, gradientOf, add);
      found = xs.map((x) => gradientOf.get(x));
      for (const node of tape) {
        this.recorder.turn = node.turn;
        this.dispose(node.saved);
      }
      return [value, ...found.filter((gradient) => gradient !== undefined)];
    });
    for (const [i, x] of xs.entries()) {
      if (x.category !== undefined && found[i] !== undefined) this.recorder.categorize(found[i].storage, 'gradient');
    }
    return { value, gradients: found };
  }

  private backpropagate(node: TapeNode, gradientOf: Map<SymbolicTensor, SymbolicTensor>, add: Add): void {
    this.recorder.turn = node.turn;
    this.enterGradient(node);
    const inputGradients = node.gradient(gradientOf.get(node.output)!, node.saved);
    for (const name in node.inputs) {
      const input = node.inputs[name]!;
      const dx = this.tidy(inputGradients[name]!);
      const soFar = gradientOf.get(input);
      gradientOf.set(input, soFar === undefined ? dx : add(soFar, dx));
      if (soFar !== undefined) this.disposeOne(soFar);
    }
  }

  private enterGradient({ place, module }: TapeNode): void {
    if (place.ofGradient === undefined) {
      this.enter(`gradient of ${place.label}`, module);
      place.ofGradient = this.place;
    } else this.enterAgain(place.ofGradient, module);
  }

  private get isTaping(): boolean {
    return this.tape !== undefined && this.kernelDepth === 0;
  }

  private save(tensors: readonly SymbolicTensor[]): readonly SymbolicTensor[] {
    // No scope ends them.
    return tensors.map(({ storage, shape, elementBytes }) => {
      this.recorder.retain(storage);
      return { ...freshTensor(storage, shape, elementBytes), kept: true };
    });
  }

  private addNode(
    inputs: TapeNode['inputs'],
    output: SymbolicTensor,
    saved: readonly SymbolicTensor[],
    gradient: Gradient,
  ): void {
    const { place, module, recorder } = this;
    this.tape!.push({ inputs, output, saved, gradient, place, module, turn: recorder.turn });
  }

  private track(tensor: SymbolicTensor): SymbolicTensor {
    const scope = this.scopes.at(-1);
    tensor.scope = scope;
    tensor.turn = this.recorder.turn;
    scope?.push(tensor);
    return tensor;
  }

  private operation(kernel: string): number {
    const { label, kernels } = this.place;
    let index = kernels.get(kernel);
    if (index === undefined) {
      index = this.recorder.operation(label === '' ? kernel : `${label}: ${kernel}`);
      kernels.set(kernel, index);
    }
    return index;
  }

  private flat(shape: TensorShape) {
    let flat = this.shapeOf.get(shape);
    if (flat === undefined) {
      const key = shapeKey(shape);
      flat = this.shapes.get(key) ?? flatShape(shape);
      this.shapes.set(key, flat);
      this.shapeOf.set(shape, flat);
    }
    return flat;
  }
}

type Add = (a: SymbolicTensor, b: SymbolicTensor) => SymbolicTensor;
