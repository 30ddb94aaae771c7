/** What is on the device before the first step: parameters, the batch, the graphs. */
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import { numEdgeFeatures } from '../../program/networks.js';
import { axis, constant, type Shape } from '../../program/shape.js';
import type { ForwardProgram, ValueId } from '../../program/types.js';
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
  recorder.currentCategory = 0;
  recorder.currentOperation = recorder.operation('parameters');
  return program.parameters.map(({ value, module, used }) => {
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
    };
    lowering.bind(value, { storage, shape, elementBytes, target: accumulator });
    return { value, shape, accumulator, used };
  });
}

const isOfBatch = (name: string): boolean => name === 'gridInput' || name.startsWith('target');

type EdgeSetName = 'grid2mesh' | 'mesh' | 'mesh2grid';
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
    recorder.currentCategory = 3;
    recorder.currentModule = recorder.module('inputs');
  }

  allocate(name: string, shape: Shape, elementBytes: number): StorageId {
    this.recorder.currentOperation = this.recorder.operation(name);
    return this.recorder.allocate(shape, elementBytes);
  }

  /** What the forward program reads, in the model's dtype. */
  data(name: string): StorageId {
    const value = this.program.data[name]!;
    const { shape } = this.program.values[value]!;
    const storage = this.allocate(name, shape, this.elementBytes);
    this.lowering.bind(value, { storage, shape, elementBytes: this.elementBytes, target: undefined });
    return storage;
  }

  endpoints(set: EdgeSetName): void {
    this.allocate(`${set} edge index`, [constant(2), ...edgeRows(set)], 8);
  }

  attributes(set: EdgeSetName): void {
    this.allocate(`${set} edge attributes`, [...edgeRows(set), constant(numEdgeFeatures)], 4);
  }

  positions(set: EdgeSetName, nodes: 'grid' | 'mesh'): void {
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
      if (resident.kind === 'buffer') inputs.allocate(name, resident.shape, resident.elementBytes);
      else if (!isOfBatch(name)) inputs.data(name);
    }
    return;
  }
  inputs.data('grid2meshEdgeFeatures');
  inputs.data('mesh2gridEdgeFeatures');
  inputs.data('meshNodeFeatures');
  inputs.data('meshEdgeFeatures');
  inputs.endpoints('grid2mesh');
  inputs.positions('grid2mesh', 'grid');
  inputs.positions('grid2mesh', 'mesh');
  inputs.attributes('grid2mesh');
  inputs.endpoints('mesh');
  inputs.attributes('mesh');
  inputs.positions('mesh', 'mesh');
  inputs.endpoints('mesh2grid');
  inputs.positions('mesh2grid', 'mesh');
  inputs.positions('mesh2grid', 'grid');
  inputs.attributes('mesh2grid');
  inputs.allocate('cell areas', [axis('latitudes'), axis('longitudes')], elementBytes);
}

/** One step's input and, in one tensor, its targets, in the model's dtype; the next step's replace them. */
export function allocateBatch(
  program: ForwardProgram,
  lowering: Lowering,
  recorder: TraceRecorder,
  elementBytes: number,
): StorageId[] {
  const inputs = new Inputs(program, lowering, recorder, elementBytes);
  const storages = [inputs.data('gridInput')];
  const target = program.data.target0;
  const numSteps = program.predictions.length;
  if (target !== undefined)
    storages.push(inputs.allocate('targets', [constant(numSteps), ...program.values[target]!.shape], elementBytes));
  return storages;
}
