/**
 * The autograd tape and engine, as far as memory sees them. Source: torch/csrc/autograd/engine.cpp and input_buffer.cpp
 * (torch 2.13): the ready node with the highest sequence number runs first; a node drops its incoming gradient and its saved
 * tensors when it has run; a buffer that already holds a gradient is summed in place if nobody else can see that gradient.
 */

import type { Shape } from '../../ir/shape.js';
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import { noTurn } from '../../memory/turns.js';

export interface Tensor {
  readonly storage: StorageId;
  readonly shape: Shape;
  readonly elementBytes: number;
  /** Where its gradient goes; absent where none flows. */
  readonly target: GradientTarget | undefined;
  /** recompute_activation: this is the activation of that tensor, and the Linear that reads it keeps that one instead. */
  readonly activationOf?: Tensor;
}

/** A gradient tensor: a handle on a storage, held by input buffers and by the engine. */
export interface Gradient {
  readonly storage: StorageId;
  readonly shape: Shape;
  readonly elementBytes: number;
  /** Not a strided slice of a wider gradient. */
  readonly dense: boolean;
  /** Not a view: the engine may add to it in place once nobody else can see it. */
  readonly inPlace: boolean;
  holders: number;
}

/** Takes over the incoming gradient (one holder) and returns one gradient, or none, per edge of `next`. */
export type Backward = (incoming: Gradient) => (Gradient | undefined)[];

/** A checkpoint as the tape sees it. */
interface Unpackable {
  /** The caller takes over the references. */
  unpack(firstSlot: number, numSlots: number): readonly StorageId[];
  dropPlaceholders(count: number): void;
}

export interface TapeNode {
  readonly kind: 'node';
  readonly sequence: number;
  readonly operation: number;
  readonly module: number;
  /** The rollout step that made it. */
  readonly turn: number;
  readonly next: readonly (GradientTarget | undefined)[];
  readonly backward: Backward;
  /** Broadcast inputs: their gradients come in the output's shape and are summed to the input's once `backward` has returned. */
  readonly sumTo: readonly (Shape | undefined)[];
  /** Gradients that may come at another width or in another type than these inputs: then summed and cast, one after the other. */
  fitTo: readonly Tensor[];
  readonly saved: StorageId[];
  /** The saved tensors are placeholders `firstSlot … firstSlot + numSlots − 1` of a checkpoint. */
  replay: Unpackable | undefined;
  firstSlot: number;
  numSlots: number;
  incoming: Gradient | undefined;
  numPending: number;
}

/** The end of a parameter's branch: takes the first gradient without a copy, adds later ones in place. */
export interface Accumulator {
  readonly kind: 'accumulator';
  readonly operation: number;
  readonly module: number;
  incoming: Gradient | undefined;
  numPending: number;
  gradient: Gradient | undefined;
  /** A hook replaces what comes by a multiple of it. */
  readonly scaled?: boolean;
}

export type GradientTarget = TapeNode | Accumulator;

export class GradientPool {
  constructor(readonly recorder: TraceRecorder) {}

  make(shape: Shape, elementBytes: number): Gradient {
    return {
      storage: this.recorder.allocate(shape, elementBytes),
      shape,
      elementBytes,
      dense: true,
      inPlace: true,
      holders: 1,
    };
  }

  /** A view whose base is gone: alone on its storage, and yet never summed in place. */
  makeView(shape: Shape, elementBytes: number): Gradient {
    return { ...this.make(shape, elementBytes), inPlace: false };
  }

  /** Another tensor on the same storage. */
  view(of: Gradient, shape: Shape, dense = false): Gradient {
    this.recorder.retain(of.storage);
    return { storage: of.storage, shape, elementBytes: of.elementBytes, dense, inPlace: false, holders: 1 };
  }

  share(gradient: Gradient): Gradient {
    gradient.holders += 1;
    return gradient;
  }

  release(gradient: Gradient): void {
    if (--gradient.holders === 0) this.recorder.release(gradient.storage);
  }
}

export class Engine {
  private readonly ready: TapeNode[] = [];

  constructor(
    private readonly pool: GradientPool,
    private readonly backwardOf: (operation: number) => number,
  ) {}

  /** Runs the backward pass from the loss, or from several results, with the gradient of each; no further than where that is enough. */
  run(roots: readonly (readonly [GradientTarget, Gradient])[], isEnough = () => false): void {
    countPending(roots.map(([target]) => target));
    for (const [target, gradient] of roots) this.deliver(target, gradient);
    for (let node = this.ready.pop(); node !== undefined && !isEnough(); node = this.ready.pop()) this.step(node);
    this.pool.recorder.turn = noTurn;
  }

  private step(node: TapeNode): void {
    const { recorder } = this.pool;
    recorder.turn = node.turn;
    const unpacked = node.replay?.unpack(node.firstSlot, node.numSlots);
    recorder.currentOperation = this.backwardOf(node.operation);
    recorder.currentModule = node.module;
    const incoming = node.incoming!;
    node.incoming = undefined;
    const results = node.backward(incoming);
    // What a replay hands out has no other owner: locals, gone in reverse. A node's own saved tensors live until its outputs are checked.
    if (unpacked !== undefined) for (let i = unpacked.length - 1; i >= 0; i--) recorder.release(unpacked[i]!);
    for (let i = 0; i < node.sumTo.length; i++) this.sumToShape(results, i, node.sumTo[i]);
    for (let i = 0; i < node.fitTo.length; i++) results[i] = results[i] && this.fit(results[i]!, node.fitTo[i]!);
    this.pool.release(incoming);
    for (const storage of node.saved) recorder.release(storage);
    node.saved.length = 0;
    node.replay?.dropPlaceholders(node.numSlots);
    for (let i = 0; i < node.next.length; i++) {
      const target = node.next[i];
      const gradient = results[i];
      if (target !== undefined) this.deliver(target, gradient);
      else if (gradient !== undefined) this.pool.release(gradient);
    }
  }

  private sumToShape(results: (Gradient | undefined)[], index: number, shape: Shape | undefined): void {
    const wide = results[index];
    if (shape === undefined || wide === undefined) return;
    results[index] = this.pool.makeView(shape, wide.elementBytes);
    this.pool.release(wide);
  }

  private fit(raw: Gradient, { shape, elementBytes }: Tensor): Gradient {
    let fitted = raw;
    if (!sameShape(fitted.shape, shape)) fitted = this.replaced(fitted, shape, fitted.elementBytes);
    if (fitted.elementBytes !== elementBytes) fitted = this.replaced(fitted, shape, elementBytes);
    return fitted;
  }

  private replaced(former: Gradient, shape: Shape, elementBytes: number): Gradient {
    const gradient = this.pool.make(shape, elementBytes);
    this.pool.release(former);
    return gradient;
  }

  private deliver(target: GradientTarget, gradient: Gradient | undefined): void {
    if (gradient !== undefined) target.incoming = this.sum(target.incoming, gradient);
    if (--target.numPending > 0) return;
    if (target.kind === 'accumulator') this.accumulate(target);
    else this.insert(target);
  }

  private sum(held: Gradient | undefined, added: Gradient): Gradient {
    if (held === undefined) return added;
    const alone = held.inPlace && held.holders === 1 && this.pool.recorder.numReferences(held.storage) === 1;
    const total = alone ? held : this.pool.make(held.shape, held.elementBytes);
    if (!alone) this.pool.release(held);
    this.pool.release(added);
    return total;
  }

  private accumulate(target: Accumulator): void {
    const given = target.incoming;
    target.incoming = undefined;
    if (given === undefined) return;
    const incoming = target.scaled ? this.replaced(given, given.shape, given.elementBytes) : given;
    if (target.gradient === undefined) {
      target.gradient = this.owned(incoming);
      this.pool.recorder.categorize(target.gradient.storage, 'gradient');
    } else {
      this.pool.release(incoming);
    }
  }

  /** A slice of a wider gradient is copied into a tensor of its own. */
  private owned(gradient: Gradient): Gradient {
    if (gradient.dense) return gradient;
    const copy = this.pool.make(gradient.shape, gradient.elementBytes);
    this.pool.release(gradient);
    return copy;
  }

  /** Ascending by sequence number, so that the next to run is the last. The list is short: rarely ten entries. */
  private insert(node: TapeNode): void {
    let i = this.ready.length;
    while (i > 0 && this.ready[i - 1]!.sequence > node.sequence) i--;
    this.ready.splice(i, 0, node);
  }
}

const sameShape = (a: Shape, b: Shape): boolean =>
  a === b ||
  (a.length === b.length && a.every(({ symbol, factor }, i) => b[i]!.symbol === symbol && b[i]!.factor === factor));

/** How many gradients each reachable target waits for. */
function countPending(roots: readonly GradientTarget[]): void {
  const stack: TapeNode[] = [];
  const seen = new Set<TapeNode>();
  const count = (target: GradientTarget): void => {
    target.numPending += 1;
    if (target.kind !== 'node' || seen.has(target)) return;
    seen.add(target);
    stack.push(target);
  };
  for (const root of roots) count(root);
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (const target of node.next) if (target !== undefined) count(target);
}
