/** What is on the device before the first step: parameters, the batch, the graphs. */

import { fullElementBytes } from '../../config/choices.js';
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import { axis, constant, int64Bytes, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import { numEdgeFeatures } from '../../models/layers/networks.js';
import type { Lowering } from './lowering.js';
import type { Accumulator } from './tape.js';

export interface ResidentParameter {
  readonly value: ValueId;
  readonly shape: Shape;
  readonly accumulator: Accumulator;
  readonly used: boolean;
}

export function allocateParameters(
  program: ForwardProgram,
  lowering: Lowering,
  recorder: TraceRecorder,
  elementBytes: number,
): ResidentParameter[] {
  recorder.currentCategory = 'parameter';
  recorder.currentOperation = recorder.operation('parameters');
  return program.parameters.map(({ value, module, used, scaled }) => {
    const { shape } = program.values[value]!;
    recorder.currentModule = recorder.module(module);
    const storage = recorder.allocate(shape, elementBytes);
    const accumulator: Accumulator = {
      kind: 'accumulator',
      operation: recorder.currentOperation,
      module: recorder.currentModule,
      incoming: undefined,
      numPending: 0,
      gradient: undefined,
      ...(scaled && { scaled }),
    };
    lowering.bind(value, { storage, shape, elementBytes, target: accumulator });
    return { value, shape, accumulator, used };
  });
}

/** torch.optim.swa_utils.AveragedModel: a deep copy of the module, updated in place (`_foreach_lerp_`) after the optimizer's step. */
export function allocateAverage(
  parameters: readonly Pick<ResidentParameter, 'shape'>[],
  recorder: TraceRecorder,
  elementBytes: number,
): void {
  recorder.currentCategory = 'optimizer';
  recorder.currentModule = recorder.module('optimizer');
  recorder.currentOperation = recorder.operation('moving average of the parameters');
  for (const { shape } of parameters) recorder.allocate(shape, elementBytes);
}

/** zero_grad(set_to_none=True) */
export function zeroGradients(recorder: TraceRecorder, parameters: readonly ResidentParameter[]): void {
  for (const { accumulator } of parameters) {
    if (accumulator.gradient !== undefined) recorder.release(accumulator.gradient.storage);
    accumulator.gradient = undefined;
  }
}

const isOfBatch = (name: string): boolean => name === 'gridInput' || name.startsWith('target');

type EdgeSetName = 'grid2mesh' | 'mesh' | 'mesh2grid';
/** Senders, receivers. */
const ends = { grid2mesh: ['grid', 'mesh'], mesh2grid: ['mesh', 'grid'] } as const;
const nodeRows = (nodes: 'grid' | 'mesh') => [axis(`${nodes}Nodes`), axis('batch')] as const;
const edgeRows = (set: EdgeSetName) => [axis(`${set}Edges`), axis('batch')] as const;

/** Tensors by name, in the category of inputs. */
class Inputs {
  constructor(
    private readonly program: ForwardProgram,
    private readonly lowering: Lowering,
    private readonly recorder: TraceRecorder,
    private readonly elementBytes: number,
  ) {
    recorder.currentCategory = 'input';
    recorder.currentModule = recorder.module('inputs');
  }

  allocate(name: string, shape: Shape, elementBytes: number): StorageId {
    this.recorder.currentOperation = this.recorder.operation(name);
    return this.recorder.allocate(shape, elementBytes);
  }

  /** What the forward program reads, in the model's dtype; of several micro-batches, all in one tensor. */
  data(name: string, microBatches: Shape = []): StorageId {
    const value = this.program.data[name]!;
    const { shape } = this.program.values[value]!;
    const storage = this.allocate(name, [...microBatches, ...shape], this.elementBytes);
    this.lowering.bind(value, { storage, shape, elementBytes: this.elementBytes, target: undefined });
    return storage;
  }

  graph(set: EdgeSetName): void {
    this.allocate(`${set} edge index`, [constant(2), ...edgeRows(set)], int64Bytes);
    if (set !== 'mesh') for (const nodes of ends[set]) this.positions(set, nodes);
    this.allocate(`${set} edge attributes`, [...edgeRows(set), constant(numEdgeFeatures)], 4);
    if (set === 'mesh') this.positions(set, 'mesh');
  }

  private positions(set: EdgeSetName, nodes: 'grid' | 'mesh'): void {
    this.allocate(`${set} graph, ${nodes} positions`, [...nodeRows(nodes), constant(3)], 4);
    this.allocate(`${set} graph, ${nodes} latitudes and longitudes`, [...nodeRows(nodes), constant(2)], 4);
  }
}

/**
 * The graphs as torch_geometric and PhysicsNeMo's GraphBuilder leave them: the model's own edge and node features, then per
 * graph int64 endpoints, fp32 positions, latitudes and longitudes of its node sets, fp32 edge attributes
 * (physicsnemo/models/graphcast/utils/graph.py, 94b3551); last, the cell areas of the loss.
 */
export function allocateGraphs(
  program: ForwardProgram,
  lowering: Lowering,
  recorder: TraceRecorder,
  elementBytes: number,
): void {
  const inputs = new Inputs(program, lowering, recorder, elementBytes);
  if (program.residents !== undefined) {
    for (const resident of program.residents) {
      const { name } = resident;
      if (resident.kind === 'data') {
        if (!isOfBatch(name)) inputs.data(name);
        continue;
      }
      const storage = inputs.allocate(name, resident.shape, resident.elementBytes);
      if (resident.kind === 'gradient') recorder.categorize(storage, 'gradient');
    }
    return;
  }
  const features = ['grid2meshEdgeFeatures', 'mesh2gridEdgeFeatures', 'meshNodeFeatures', 'meshEdgeFeatures'];
  for (const name of features) if (program.data[name] !== undefined) inputs.data(name);
  const edgeSets = program.stage?.edgeSets ?? (['grid2mesh', 'mesh', 'mesh2grid'] as const);
  for (const set of edgeSets) inputs.graph(set);
  if (edgeSets.includes('mesh2grid'))
    inputs.allocate('cell areas', [axis('latitudes'), axis('longitudes')], elementBytes);
}

/** One step's input and, in one tensor, its targets, in the model's dtype; the next step's replace them. */
export function allocateBatch(
  program: ForwardProgram,
  lowering: Lowering,
  recorder: TraceRecorder,
  recipe: Recipe,
  numMicroBatches: number,
): StorageId[] {
  const elementBytes = fullElementBytes(recipe);
  const inputs = new Inputs(program, lowering, recorder, elementBytes);
  const microBatches = numMicroBatches === 1 ? [] : [constant(numMicroBatches)];
  const storages: StorageId[] = [];
  if (program.data.gridInput !== undefined) storages.push(inputs.data('gridInput', microBatches));
  const target = program.data.target0;
  if (target === undefined) return storages;
  const shape = [...microBatches, constant(recipe.rolloutSteps), ...program.values[target]!.shape];
  const storage = inputs.allocate('targets', shape, elementBytes);
  for (const [name, value] of Object.entries(program.data))
    if (name.startsWith('target'))
      lowering.bind(value, { storage, shape: program.values[value]!.shape, elementBytes, target: undefined });
  return [...storages, storage];
}
