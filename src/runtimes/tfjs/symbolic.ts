/**
 * The operations as bookkeeping: the output's shape, what the tape keeps, and the operations of the gradient.
 * Source: tfjs-core 4.22.0, ops/*.ts and gradients/*_grad.ts; what a kernel shares with its input, from tfjs-backend-cpu.
 */
import { axis } from '../../ir/shape.js';
import type { SymbolicEngine } from './engine.js';
import type { CustomGradient, Gradients, Operand, Ops } from './ops.js';
import {
  broadcast,
  concatenated,
  type Dimension,
  reduced,
  repeatedAxes,
  scalarShape,
  type TensorShape,
  tensorShape,
} from './shapes.js';
import type { SymbolicTensor } from './symbolic-tensor.js';
import type { Gradient } from './tape.js';

type T = SymbolicTensor;

const boolBytes = 1;
const one: Dimension = [];
/** The gradient of what no rule puts on a tape. */
const noGradient: Gradient = () => ({});

export class SymbolicOps implements Ops<SymbolicTensor> {
  readonly tidy = <R extends T | readonly T[]>(f: () => R): R => this.engine.tidy(f);
  readonly dispose = (tensors: readonly T[]): void => this.engine.dispose(tensors);
  readonly offload = (x: T): (() => T) => this.engine.offload(x);
  beginStep(rolloutStep: number, times: number): void {
    const { recorder } = this.engine;
    recorder.turn = rolloutStep;
    if (times > 1) recorder.repeatTurn(rolloutStep, times);
  }

  readonly enter = (label: string, module: string): void => this.engine.enter(label, module);

  constructor(readonly engine: SymbolicEngine) {}

  add(a: Operand<T>, b: Operand<T>): T {
    return this.binary('Add', a, b, (dy, [a, b]) => ({
      a: () => this.likeInput(dy, a!),
      b: () => this.likeInput(dy, b!),
    }));
  }

  sub(a: Operand<T>, b: Operand<T>): T {
    return this.binary('Sub', a, b, (dy, [a, b]) => ({
      a: () => this.likeInput(dy, a!),
      b: () => this.reshape(this.unary('Neg', this.summed(dy, b!)), b!.shape),
    }));
  }

  mul(a: Operand<T>, b: Operand<T>): T {
    const towards = (dy: T, input: T, other: T) => {
      const product = this.mul(dy, this.cast(other));
      const summed = this.summed(product, input);
      return summed === product ? product : this.reshape(summed, input.shape);
    };
    return this.binary('Multiply', a, b, (dy, [a, b]) => ({
      a: () => towards(dy, a!, b!),
      b: () => towards(dy, b!, a!),
    }));
  }

  /** On a tape only divided by numbers: no gradient flows to the divisor. */
  div(a: Operand<T>, b: Operand<T>): T {
    return this.binary('RealDiv', a, b, (dy, [, b]) => ({ a: () => this.div(dy, this.cast(b!)) }));
  }

  sigmoid(x: T): T {
    const y = this.engine.make(x.shape, 'Sigmoid');
    return this.engine.record({ x }, y, [y], (dy, [y]) => ({
      x: () => this.mul(dy, this.mul(y!, this.sub(this.scalar(), y!))),
    }));
  }

  relu(x: T): T {
    return this.unary('Relu', x, (dy, [x]) => ({ x: () => this.mul(dy, this.cast(this.unary('Step', x!))) }));
  }

  /** The gradient's factor is made before the input's own scope opens, with all its parts: they live to the end of the pass. */
  erf(x: T): T {
    return this.unary('Erf', x, (dy, [x]) => {
      const factor = this.mul(this.unary('Exp', this.unary('Neg', this.square(x!))), 2 / Math.sqrt(Math.PI));
      return { x: () => this.mul(dy, factor) };
    });
  }

  exp(x: T): T {
    const y = this.engine.make(x.shape, 'Exp');
    return this.engine.record({ x }, y, [y], (dy, [y]) => ({ x: () => this.mul(dy, y!) }));
  }

  square(x: T): T {
    return this.unary('Square', x, (dy, [x]) => ({ x: () => this.mul(dy, this.mul(this.cast(x!), 2)) }));
  }

  rsqrt(x: T): T {
    return this.unary('Rsqrt', x, (dy, [x]) => ({
      x: () => this.unary('Neg', this.div(dy, this.mul(this.binary('Pow', x!, 1.5), 2))),
    }));
  }

  mean(x: T, over?: 0 | 1, keepDims = false): T {
    const axes = over === undefined ? [...x.shape.keys()] : [over];
    const y = this.engine.make(reduced(x.shape, axes, keepDims), 'Mean');
    return this.engine.record({ x }, y, [x], (dy, [x]) => ({
      x: () => {
        const expanded = this.reshape(dy, reduced(x!.shape, axes, true));
        // Divided by the number of elements; which one is no matter here, it becomes a scalar.
        return this.div(this.mul(expanded, this.engine.make(x!.shape, 'Ones')), 1);
      },
    }));
  }

  sum(x: T, over: 0 | 1): T {
    return this.engine.make(reduced(x.shape, [over], false), 'Sum');
  }

  matMul(a: T, b: T, transposeA = false, transposeB = false): T {
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const y = this.engine.make([...a.shape.slice(0, -2), rows, columns], 'BatchMatMul');
    return this.engine.record({ a, b }, y, [a, b], (dy, [a, b]) => ({
      a: () => this.matMul(dy, b!, false, true),
      b: () => this.matMul(a!, dy, true, false),
    }));
  }

  /** A custom gradient over `[1, rows, columns]`: it keeps the output too, and computes every input's gradient at once. */
  fusedMatMul(a: T, b: T, bias?: T): T {
    const withBias = bias === undefined ? [] : [bias];
    return this.engine.tidy(() => {
      const inputs = [this.reshape(a, [one, ...a.shape]), this.reshape(b, [one, ...b.shape]), ...withBias];
      return this.customGradient(([a3, b3], save) => {
        const y = this.engine.make([one, a.shape[0]!, b.shape[1]!], '_FusedMatMul');
        save([a3!, b3!, y, ...withBias]);
        return {
          value: this.reshape(y, y.shape.slice(1)),
          gradient: (dy, [a3, b3, y, bias]) => {
            const dy3 = this.reshape(dy, y!.shape);
            const products = [this.matMul(dy3, b3!, false, true), this.matMul(a3!, dy3, true, false)];
            return bias === undefined ? products : [...products, this.likeInput(dy3, bias)];
          },
        };
      }, inputs);
    });
  }

  /** The gradient is split before the inputs' own scopes open: all parts live to the end of the pass. */
  concat(parts: readonly T[], along: 0 | 1): T {
    if (parts.length === 1) return this.cast(parts[0]!);
    const inputs = Object.fromEntries(parts.map((part, i) => [String(i), part]));
    const y = this.engine.make(
      concatenated(
        parts.map(({ shape }) => shape),
        along,
      ),
      'Concat',
    );
    return this.engine.record(inputs, y, parts, (_, saved) => {
      const split = saved.map(({ shape }) => this.engine.make(shape, 'SplitV'));
      return Object.fromEntries(split.map((part, i) => [String(i), () => part]));
    });
  }

  gather(x: T, indices: T): T {
    const y = this.engine.make([indices.shape[0]!, ...x.shape.slice(1)], 'GatherV2');
    return this.engine.record({ x, indices }, y, [x, indices], (dy, [x, indices]) => ({
      x: () => {
        const values = this.reshape(dy, dy.shape);
        const ids = this.reshape(indices!, indices!.shape);
        return this.unary('Transpose', this.sumSegments(this.unary('Transpose', values), ids, x!.shape[0]!));
      },
    }));
  }

  segmentSum(x: T, ids: T, numRows: string): T {
    return this.sumSegments(x, ids, tensorShape([axis(numRows), axis('batch'), axis('one')])[0]!);
  }

  customGradient(
    forward: (inputs: readonly T[], save: (tensors: readonly T[]) => void) => CustomGradient<T>,
    inputs: readonly T[],
  ): T {
    return this.engine.customGradient(inputs, (save) => forward(inputs, save));
  }

  gradients(f: () => T, xs: readonly T[], dy?: T): Gradients<T> {
    return this.engine.gradients(f, xs, dy, (a, b) => this.add(a, b));
  }

  sqrt(x: T): T {
    return this.unary('Sqrt', x);
  }

  scalar(elementBytes = 4): T {
    return this.engine.make(scalarShape, 'Scalar', elementBytes);
  }

  /** Numbers become scalars that live as long as the operation, or as its tape node. */
  private binary(name: string, a: Operand<T>, b: Operand<T>, gradient: Gradient = noGradient): T {
    if (typeof a !== 'number' && typeof b !== 'number') return this.ofBoth(name, a, b, gradient);
    return this.engine.tidy(() => {
      const left = typeof a === 'number' ? this.scalar() : a;
      const right = typeof b === 'number' ? this.scalar() : b;
      return this.ofBoth(name, left, right, gradient);
    });
  }

  private ofBoth(name: string, a: T, b: T, gradient: Gradient): T {
    const y = this.engine.make(broadcast(a.shape, b.shape), name);
    return this.engine.record({ a, b }, y, [a, b], gradient);
  }

  private unary(name: string, x: T, gradient: Gradient = noGradient): T {
    return this.engine.record({ x }, this.engine.make(x.shape, name, x.elementBytes), [x], gradient);
  }

  private reshape(x: T, shape: TensorShape): T {
    return this.engine.record({ x }, this.engine.alias(x, shape), [x], (dy, [x]) => ({
      x: () => this.reshape(dy, x!.shape),
    }));
  }

  /** To the type that it has: Identity. */
  private cast(x: T): T {
    return this.engine.alias(x);
  }

  /** Summed over the axes along which the input was repeated. */
  private summed(dy: T, input: T): T {
    const axes = repeatedAxes(input.shape, dy.shape);
    return axes.length === 0 ? dy : this.engine.make(reduced(dy.shape, axes, false), 'Sum');
  }

  private likeInput(dy: T, input: T): T {
    return this.reshape(this.summed(dy, input), input.shape);
  }

  private sumSegments(x: T, ids: T, numRows: Dimension): T {
    const y = this.engine.make([numRows, ...x.shape.slice(1)], 'UnsortedSegmentSum');
    return this.engine.record({ x, ids }, y, [ids], (dy, [ids]) => ({ x: () => this.gatherPositive(dy, ids!) }));
  }

  /** The gradient of a segment sum: rows gathered, and zeros where an id is negative. */
  private gatherPositive(dy: T, ids: T): T {
    this.unary('ZerosLike', ids);
    const gathered = this.gather(dy, this.unary('Maximum', ids));
    this.scalar();
    this.engine.make(ids.shape, 'GreaterEqual', boolBytes);
    this.engine.make(gathered.shape, 'Ones', boolBytes);
    this.engine.make(gathered.shape, 'LogicalAnd', boolBytes);
    this.unary('ZerosLike', gathered);
    return this.engine.make(gathered.shape, 'Select');
  }
}
