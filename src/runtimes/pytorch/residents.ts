/** What is on the device before the first step: parameters, the batch, the graphs. */
import type { TraceRecorder } from '../../memory/recorder.js';
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

const gridRows = [axis('gridNodes'), axis('batch')] as const;
const meshRows = [axis('meshNodes'), axis('batch')] as const;

/**
 * The batch in the model's dtype, and the graphs as torch_geometric and PhysicsNeMo's GraphBuilder leave them: int64 endpoints
 * and fp32 edge attributes inside the graph objects, the model's own edge and node features, fp32 positions and latitudes and
 * longitudes of both node sets in both bipartite graphs (physicsnemo/models/graphcast/utils/graph.py, 94b3551).
 */
export function allocateInputs(
  program: ForwardProgram,
  lowering: Lowering,
  recorder: TraceRecorder,
  elementBytes: number,
): void {
  recorder.currentCategory = 3;
  recorder.currentModule = recorder.module('inputs');
  const edges = ['grid2mesh', 'mesh', 'mesh2grid'] as const;
  const allocate = (name: string, shape: Shape, width: number) => {
    recorder.currentOperation = recorder.operation(name);
    return recorder.allocate(shape, width);
  };
  const bindData = (name: string) => {
    const value = program.data[name]!;
    const { shape } = program.values[value]!;
    lowering.bind(value, { storage: allocate(name, shape, elementBytes), shape, elementBytes, target: undefined });
  };
  bindData('gridInput');
  for (let step = 0; program.data[`target${step}`] !== undefined; step++) bindData(`target${step}`);
  const edgeRows = (set: (typeof edges)[number]) => [axis(`${set}Edges`), axis('batch')];
  for (const set of edges) allocate(`${set} edge index`, [constant(2), ...edgeRows(set)], 8);
  for (const set of edges) allocate(`${set} edge attributes`, [...edgeRows(set), constant(4)], 4);
  for (const set of edges) bindData(`${set}EdgeFeatures`);
  bindData('meshNodeFeatures');
  allocate('mesh graph node features', [...meshRows, constant(3)], 4);
  allocate('mesh graph latitudes and longitudes', [...meshRows, constant(2)], 4);
  for (const [name, rows] of [
    ['grid', gridRows],
    ['mesh', meshRows],
  ] as const) {
    for (const width of [3, 2]) {
      for (const graph of ['grid2mesh', 'mesh2grid']) {
        allocate(
          `${graph} graph, ${name} ${width === 3 ? 'positions' : 'latitudes and longitudes'}`,
          [...rows, constant(width)],
          4,
        );
      }
    }
  }
  allocate('cell areas', [axis('latitudes'), axis('longitudes')], elementBytes);
}
