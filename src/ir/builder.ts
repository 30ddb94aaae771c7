/**
 * Writes a forward program in the shape of the model's own source: nested call frames, whose local variables hold values
 * (`frame.ts`).
 */

import type { Block, BlockRole, ForwardProgram, Resident } from './forward-program.js';
import { Frame } from './frame.js';
import { type Operation, parametersOf, readsOf, stopsGradient, type Unnamed } from './operations.js';
import { edgeRows, RowShapes, sharedShape } from './row-shapes.js';
import { type Axis, axis, type Shape } from './shape.js';
import type {
  ActivationFunction,
  EdgeSet,
  Endpoints,
  LinearParameters,
  Module,
  NormParameters,
  Parameter,
  Value,
  ValueId,
  ValueSource,
} from './types.js';

export interface FrameSpec {
  readonly name: string;
  readonly role?: BlockRole;
  readonly module?: Module;
  readonly recomputed?: boolean;
  readonly times?: number;
  /** A checkpoint that is handed more than its body reads: it holds all of it until the replay. */
  readonly holdsArguments?: boolean;
}

const frameRole: BlockRole = { kind: 'frame' };

const scalarShape: Shape = [axis('one')];

export class ProgramBuilder {
  readonly values: Value[] = [];
  readonly parameters: Parameter[] = [];
  readonly data: Record<string, ValueId> = {};
  readonly predictions: ValueId[] = [];
  private residents: Resident[] | undefined;
  loss: ValueId | undefined;
  denoiser: ForwardProgram['denoiser'];
  ensemble: ForwardProgram['ensemble'];
  readonly rowShapes = new RowShapes();
  private root: Block | undefined;
  private readonly numHolders: number[] = [];
  private readonly stack: Frame[] = [];

  /** `[rows, batch, factor·columns]` */
  rows(rowSymbol: string, columnSymbol: string, columnFactor = 1): Shape {
    return this.rowShapes.of(rowSymbol, columnSymbol, columnFactor);
  }

  /** `[1, 1]` */
  scalar(): Shape {
    return scalarShape;
  }

  parameter(network: string, module: Module, name: string, shape: Shape, used = true): ValueId {
    const value = this.value(`${network}.${name}`, sharedShape(shape), 'parameter', true);
    this.parameters.push({ value, module, network, used });
    return value;
  }

  input(name: string, shape: Shape): ValueId {
    const value = this.value(name, shape, 'data', false);
    this.data[name] = value;
    this.residents?.push({ kind: 'data', name });
    return value;
  }

  /** A result of another stage of the pipeline. */
  received(name: string, shape: Shape): ValueId {
    return this.value(name, shape, 'operation', true);
  }

  /** The program itself states what lies on the device besides parameters: `data` from here on, and `resident`. */
  stateResidents(): void {
    this.residents = [];
  }

  resident(name: string, shape: Shape, elementBytes: number): void {
    this.residents?.push({ kind: 'buffer', name, shape, elementBytes });
  }

  /** DistributedDataParallel’s copy of the gradients, in one bucket; a hook makes those of `scaled` parameters anew. */
  gradientBucket(shape: Shape, elementBytes: number, scaled: (parameter: Parameter) => boolean): void {
    this.residents?.push({ kind: 'gradient', name: 'gradient bucket', shape, elementBytes });
    for (const [index, parameter] of this.parameters.entries()) {
      if (!scaled(parameter)) continue;
      const { value, module, network, used } = parameter;
      this.parameters[index] = { value, module, network, used, scaled: true };
    }
  }

  /** A large constant that the code closes over. */
  constant(name: string, shape: Shape, elementBytes: number): void {
    this.residents?.push({ kind: 'constant', name, shape, elementBytes });
  }

  linear(input: ValueId, { weight, bias }: LinearParameters, name: string): ValueId {
    const [rows, samples] = this.shape(input);
    const columns = this.shape(weight)[1]!;
    const perSample = this.rows(rows!.symbol, columns.symbol, columns.factor);
    const shape = samples === perSample[1] ? perSample : [rows!, samples!, columns];
    const operation = { kind: 'linear', input, weight, ...(bias !== undefined && { bias }) } as const;
    return this.emit(shape, name, operation);
  }

  activation(fn: ActivationFunction, input: ValueId, name: string, recomputed: boolean): ValueId {
    return this.emit(this.shape(input), name, { kind: 'activation', function: fn, input, recomputed });
  }

  layerNorm(input: ValueId, { scale, offset }: NormParameters, name: string, keepsType = false): ValueId {
    const operation = { kind: 'layerNorm', input, scale, offset, ...(keepsType && { keepsType }) } as const;
    return this.emit(this.shape(input), name, operation);
  }

  gather(input: ValueId, endpoints: Endpoints, name: string): ValueId {
    const columns = this.shape(input)[2]!;
    const shape = this.rows(this.rowsOf(endpoints), columns.symbol, columns.factor);
    return this.emit(shape, name, { kind: 'gather', input, endpoints });
  }

  segmentSum(input: ValueId, endpoints: Endpoints, nodeRows: string, name: string): ValueId {
    const columns = this.shape(input)[2]!;
    const shape = this.rows(nodeRows, columns.symbol, columns.factor);
    return this.emit(shape, name, { kind: 'segmentSum', input, endpoints });
  }

  segmentMax(input: ValueId, endpoints: Endpoints, nodeRows: string, name: string): ValueId {
    const columns = this.shape(input)[2]!;
    const shape = this.rows(nodeRows, columns.symbol, columns.factor);
    return this.emit(shape, name, { kind: 'segmentMax', input, endpoints });
  }

  /** `joined`: the columns together, where they are no multiples of one symbol. */
  concat(inputs: readonly ValueId[], name: string, joined?: Axis): ValueId {
    const [rows, , columns] = this.shape(inputs[0]!);
    const factor = inputs.reduce((sum, id) => sum + this.shape(id)[2]!.factor, 0);
    const { symbol, factor: multiple } = joined ?? { symbol: columns!.symbol, factor };
    return this.join(inputs, this.rows(rows!.symbol, symbol, multiple), name);
  }

  /** Along the axis in which the shapes differ. */
  join(inputs: readonly ValueId[], shape: Shape, name: string): ValueId {
    return this.emit(shape, name, { kind: 'concat', inputs });
  }

  add(left: ValueId, right: ValueId, name: string): ValueId {
    return this.binary('add', left, right, name);
  }

  binary(kind: 'add' | 'subtract' | 'multiply' | 'divide', left: ValueId, right: ValueId, name: string): ValueId {
    return this.emit(this.shape(left), name, { kind, left, right });
  }

  withScalar(kind: 'scale' | 'shift', input: ValueId, scalar: number, name: string): ValueId {
    return this.emit(this.shape(input), name, { kind, input, scalar });
  }

  gatherAdd(edges: ValueId, senders: ValueId, receivers: ValueId, edgeSet: EdgeSet, name: string): ValueId {
    const operation = { kind: 'gatherAdd', edges, senders, receivers, edgeSet } as const;
    return this.emit(this.shape(edges), name, operation);
  }

  /** Any operation whose output shape the caller knows. */
  emit(shape: Shape, name: string, operation: Unnamed): ValueId {
    const inputs = readsOf(operation);
    const differentiable =
      !stopsGradient(operation) && (this.anyDifferentiable(inputs) || this.anyDifferentiable(parametersOf(operation)));
    const output = this.value(name, shape, 'operation', differentiable);
    this.stack.at(-1)!.run({ ...operation, output } as Operation, inputs);
    return output;
  }

  /** Calls a function of the model: `args` become its locals, its results the caller's temporaries. */
  call(
    spec: FrameSpec,
    args: Readonly<Record<string, ValueId>>,
    body: (frame: Frame) => readonly ValueId[],
  ): ValueId[] {
    const caller = this.stack.at(-1);
    const frame = new Frame(spec.module ?? caller?.module ?? 'other', this.values, this.numHolders);
    const given = Object.values(args);
    for (const name in args) frame.set(name, args[name]!);
    if (caller !== undefined) for (const value of given) caller.consume(value);
    this.stack.push(frame);
    const results = [...body(frame)];
    frame.leave(results);
    this.stack.pop();
    const givenData = spec.recomputed ? given.filter((id) => this.values[id]!.source === 'data') : [];
    // In the order of the call: a checkpoint lets go of its arguments in reverse.
    const inputs = given.filter((id, i) => (frame.reads.has(id) || spec.holdsArguments) && given.indexOf(id) === i);
    for (const id of frame.reads) if (!inputs.includes(id)) inputs.push(id);
    const block: Block = {
      kind: 'block',
      name: spec.name,
      role: spec.role ?? frameRole,
      module: frame.module,
      recomputed: spec.recomputed ?? false,
      ...((spec.times ?? 1) > 1 && { times: spec.times }),
      inputs,
      ...(givenData.length > 0 && { givenData }),
      outputs: results.filter((id) => id >= frame.firstValue),
      body: frame.body,
    };
    if (caller === undefined) this.root = block;
    else caller.called(block, frame.reads, results);
    return results;
  }

  finish(): ForwardProgram {
    const { values, parameters, data, predictions, loss } = this;
    const program = { values, parameters, data, predictions, root: this.root! };
    const { residents, denoiser, ensemble } = this;
    return {
      ...program,
      ...(residents && { residents }),
      ...(denoiser && { denoiser }),
      ...(ensemble && { ensemble }),
      ...(loss !== undefined && { loss }),
    };
  }

  private anyDifferentiable(ids: readonly ValueId[]): boolean {
    for (const id of ids) if (this.values[id]!.differentiable) return true;
    return false;
  }

  private rowsOf({ edges, index }: Endpoints): string {
    return index === undefined ? edgeRows(edges) : this.shape(index)[1]!.symbol;
  }

  private shape(id: ValueId): Shape {
    return this.values[id]!.shape;
  }

  private value(name: string, shape: Shape, source: ValueSource, differentiable: boolean): ValueId {
    const id = this.values.length;
    this.values.push({ id, name, shape, source, differentiable });
    this.numHolders.push(0);
    return id;
  }
}
