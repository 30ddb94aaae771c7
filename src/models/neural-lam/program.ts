/**
 * neural-lam's GraphLAM (mllam/neural-lam 0.7.0, gnn_layers.py InteractionNet, models/step_predictors/graph/): receiver and sender rows
 * are joined before every gather, edges and nodes get residuals after the node update, encoder and decoder update no edges. Its weighted
 * loss is priced as a plain mean squared error, and without clamps.
 */
import type { Model, Recipe } from '../../config/types.js';
import { type FrameSpec, ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { type Axis, axis, constant, int64Bytes } from '../../ir/shape.js';
import type { EdgeSet, Module, ValueId } from '../../ir/types.js';
import { callMlp, type MlpCall, type MlpParameters, mlpDeclarer } from '../layers/mlp.js';
import { rolloutProgram } from '../layers/rollout.js';

/** Position of a mesh node; length and two components of an edge (create_graph.py). */
const numMeshNodeFeatures = 2;
const numEdgeFeatures = 3;

const H = axis('hiddenDim');

/** Embedded once, whatever the batch. */
export const sharedRows = ['grid2meshEdges', 'meshEdges', 'mesh2gridEdges', 'meshNodes'] as const;
type SharedRows = (typeof sharedRows)[number];
export const once = (rows: SharedRows): string => `${rows}Once`;

export interface InteractionNet {
  readonly edgeSet: EdgeSet;
  readonly edges: MlpParameters;
  readonly nodes: MlpParameters;
}

export interface LamSpec {
  readonly network: string;
  readonly module: Module;
  readonly edgeSet: EdgeSet;
  readonly hiddenLayers: number;
}

/** Every layer holds an edge index of its own, with the senders numbered after the receivers. */
export function declareInteractionNet(builder: ProgramBuilder, spec: LamSpec): InteractionNet {
  const { network, module, edgeSet } = spec;
  const mlp = mlpDeclarer(builder, spec.hiddenLayers);
  builder.resident(`${network} edge index`, [constant(2), axis(`${edgeSet}Edges`)], int64Bytes);
  return {
    edgeSet,
    edges: mlp(`${network}.edges`, module, axis('hiddenDim', 3)),
    nodes: mlp(`${network}.nodes`, module, axis('hiddenDim', 2)),
  };
}

export const lamCall = (of: MlpCall['of']): MlpCall => ({ of, recomputeActivation: false });

export interface LamState {
  readonly senders: ValueId;
  readonly receivers: ValueId;
  readonly edges: ValueId;
}

/** → receivers and, where asked, edges */
export function interactionNet(
  builder: ProgramBuilder,
  { edgeSet, edges: edgeMlp, nodes: nodeMlp }: InteractionNet,
  state: LamState,
  rows: { readonly receivers: string; readonly all: Axis },
  updatesEdges: boolean,
): readonly ValueId[] {
  return builder.call({ name: `${nodeMlp.network} layer` }, { ...state }, (frame) => {
    const { senders, receivers, edges } = state;
    const shape = [rows.all, axis('batch'), H];
    const both = frame.set('both', builder.join([receivers, senders], shape, 'join receivers and senders'));
    const [sum, messages] = builder.call({ name: 'propagate' }, { both, edges }, (inner) => {
      const { from, to } = inner.setFields({
        from: builder.gather(both, { edges: edgeSet, end: 'senders' }, 'gather senders'),
        to: builder.gather(both, { edges: edgeSet, end: 'receivers' }, 'gather receivers'),
      });
      const input = builder.concat([edges, from, to], 'concat edge, sender, receiver');
      const message = inner.set('out', callMlp(builder, edgeMlp, input, lamCall('edges')));
      const endpoints = { edges: edgeSet, end: 'receivers' } as const;
      return [builder.segmentSum(message, endpoints, rows.receivers, 'sum incoming edges'), message];
    });
    frame.set('sum', sum!);
    frame.set('messages', messages!);
    const update = builder.concat([receivers, sum!], 'concat receiver, aggregate');
    const difference = frame.set('difference', callMlp(builder, nodeMlp, update, lamCall('nodes')));
    const nodes = frame.set('receivers', builder.add(receivers, difference, 'node residual'));
    if (!updatesEdges) return [nodes];
    return [nodes, frame.set('edges', builder.add(edges, messages!, 'edge residual'))];
  });
}

export function neuralLamProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  const networks = declareNetworks(builder, model);
  builder.rowShapes.countTogether(sharedRows.map(once));
  const features = {
    grid2mesh: edgeFeatures(builder, 'grid2mesh'),
    mesh: edgeFeatures(builder, 'mesh'),
    mesh2grid: edgeFeatures(builder, 'mesh2grid'),
    meshNodes: builder.input('meshNodeFeatures', builder.rows(once('meshNodes'), 'one', numMeshNodeFeatures)),
    change: {
      mean: builder.input('meanChange', [axis('outputChannels')]),
      deviation: builder.input('deviationOfChange', [axis('outputChannels')]),
    },
  };
  return rolloutProgram(builder, recipe, segmentation, (input, rolloutStep, times) =>
    modelFrame(builder, networks, features, input, { role: { kind: 'model', rolloutStep }, times }, segmentation),
  );
}

/** The model holds the node numbers too, beside the copies of its layers. */
function edgeFeatures(builder: ProgramBuilder, set: EdgeSet): ValueId {
  const rows = `${set}Edges` as const;
  builder.resident(`${set} edge index of the model`, [constant(2), axis(rows)], int64Bytes);
  return builder.input(`${set}EdgeFeatures`, builder.rows(once(rows), 'one', numEdgeFeatures));
}

/** Rows that all samples share, for each of them. */
function expand(builder: ProgramBuilder, input: ValueId, rows: SharedRows): ValueId {
  const operation = { kind: 'expand', input } as const;
  return builder.emit(builder.rows(rows, 'hiddenDim'), `${rows} of every sample`, operation);
}

/** Statistics of one step's change, `[outputChannels]` each. */
interface ChangePerStep {
  readonly mean: ValueId;
  readonly deviation: ValueId;
}

function declareNetworks(builder: ProgramBuilder, { layers, mlpHiddenLayers: hiddenLayers }: Model) {
  const mlp = mlpDeclarer(builder, hiddenLayers);
  const net = (network: string, edgeSet: EdgeSet) =>
    declareInteractionNet(builder, { network, module: edgeSet, edgeSet, hiddenLayers });
  return {
    embedGrid: mlp('grid2mesh.embedGridNodes', 'grid2mesh', axis('inputChannels')),
    embedGrid2mesh: mlp('grid2mesh.embedEdges', 'grid2mesh', constant(numEdgeFeatures)),
    embedMesh2grid: mlp('mesh2grid.embedEdges', 'mesh2grid', constant(numEdgeFeatures)),
    grid2mesh: net('grid2mesh', 'grid2mesh'),
    encodeGrid: mlp('grid2mesh.gridNodes', 'grid2mesh', H),
    mesh2grid: net('mesh2grid', 'mesh2grid'),
    head: mlp('mesh2grid.head', 'mesh2grid', H, axis('outputChannels'), { layerNorm: false }),
    embedMesh: mlp('grid2mesh.embedMeshNodes', 'grid2mesh', constant(numMeshNodeFeatures)),
    embedMeshEdges: mlp('mesh.embedEdges', 'mesh', constant(numEdgeFeatures)),
    layers: Array.from({ length: layers }, (_, layer) => net(`mesh.${layer}`, 'mesh')),
  };
}

const bipartite = axis('allNodes');
export const meshRows = { receivers: 'meshNodes', all: axis('meshNodes', 2) };

function modelFrame(
  builder: ProgramBuilder,
  networks: ReturnType<typeof declareNetworks>,
  { change, ...features }: Readonly<Record<EdgeSet | 'meshNodes', ValueId>> & { readonly change: ChangePerStep },
  state: ValueId,
  turn: Pick<FrameSpec, 'role' | 'times'>,
  { model, rollout }: Segmentation,
): ValueId {
  const spec = { name: 'model', ...turn, module: 'grid2mesh', recomputed: model || rollout } as const;
  const [prediction] = builder.call(spec, { state }, (frame) => {
    const inputShape = builder.rows('gridNodes', 'inputChannels');
    const grid0 = frame.set(
      'features',
      builder.emit(inputShape, 'join states and forcings', { kind: 'copy', input: state }),
    );
    const grid = frame.set('grid', callMlp(builder, networks.embedGrid, grid0, lamCall('embedGridNodes')));
    const toMesh = callMlp(builder, networks.embedGrid2mesh, features.grid2mesh, lamCall('embedEdges'));
    frame.set('toMesh', toMesh);
    const toGrid = callMlp(builder, networks.embedMesh2grid, features.mesh2grid, lamCall('embedEdges'));
    frame.set('toGrid', toGrid);
    const mesh0 = frame.set(
      'mesh0',
      callMlp(builder, networks.embedMesh, features.meshNodes, lamCall('embedMeshNodes')),
    );
    const forAll = frame.setFields({
      receivers: expand(builder, mesh0, 'meshNodes'),
      edges: expand(builder, toMesh, 'grid2meshEdges'),
    });
    const encoderState = { senders: grid, ...forAll };
    const rows = { receivers: 'meshNodes', all: bipartite };
    const [mesh] = interactionNet(builder, networks.grid2mesh, encoderState, rows, false);
    frame.set('mesh', mesh!);
    const encoded = callMlp(builder, networks.encodeGrid, grid, lamCall('nodes'));
    const gridRows = frame.set('gridRows', builder.add(grid, encoded, 'grid node residual'));
    const processed = frame.set('mesh', processor(builder, networks, features.mesh, mesh!));
    const gridEdges = frame.set('gridEdges', expand(builder, toGrid, 'mesh2gridEdges'));
    const decoderState = { senders: processed, receivers: gridRows, edges: gridEdges };
    const decoderRows = { receivers: 'gridNodes', all: bipartite };
    const [decoded] = interactionNet(builder, networks.mesh2grid, decoderState, decoderRows, false);
    frame.set('gridRows', decoded!);
    return [newState(builder, callMlp(builder, networks.head, decoded!, lamCall('head')), state, change)];
  });
  return prediction!;
}

function processor(
  builder: ProgramBuilder,
  { embedMeshEdges, layers }: ReturnType<typeof declareNetworks>,
  features: ValueId,
  initial: ValueId,
): ValueId {
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh' } as const;
  const [result] = builder.call(spec, { nodes: initial }, (frame) => {
    const embedded = frame.set('embedded', callMlp(builder, embedMeshEdges, features, lamCall('embedEdges')));
    frame.set('edges', expand(builder, embedded, 'meshEdges'));
    for (const layer of layers) {
      const nodes = frame.locals.get('nodes')!;
      const state = { senders: nodes, receivers: nodes, edges: frame.locals.get('edges')! };
      const [newNodes, edges] = interactionNet(builder, layer, state, meshRows, true);
      frame.set('nodes', newNodes!);
      frame.set('edges', edges!);
    }
    return [frame.locals.get('nodes')!];
  });
  return result!;
}

/** The output, rescaled by the statistics of one step's change, added to the present state: a slice of the input. */
function newState(builder: ProgramBuilder, output: ValueId, state: ValueId, change: ChangePerStep): ValueId {
  const [result] = builder.call({ name: 'new state', module: 'mesh2grid' }, { output }, (frame) => {
    const scaled = builder.binary('multiply', output, change.deviation, 'rescale');
    const delta = frame.set('delta', builder.add(scaled, change.mean, 'mean change'));
    const { shape } = builder.values[output]!;
    const present = builder.emit(shape, 'present state', { kind: 'slice', input: state });
    return [builder.add(present, delta, 'add the change')];
  });
  return result!;
}
