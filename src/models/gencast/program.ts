/**
 * GenCast (google-deepmind/graphcast 08cf736, gencast.py, denoiser.py): a denoiser of GraphCast's bipartite networks around a transformer over
 * the finest mesh, every LayerNorm conditioned on the noise level. Training calls it once. The sampler (dpm_solver_plus_plus_2s.py) is a loop
 * whose body calls it twice.
 */
import type { Model, Recipe } from '../../config/types.js';
import { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Frame } from '../../ir/frame.js';
import { edgeRows } from '../../ir/row-shapes.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { Shape } from '../../ir/shape.js';
import type { EdgeSet, Module, ValueId } from '../../ir/types.js';
import { callMlp, type MlpCall } from '../layers/mlp.js';
import { numEdgeFeatures } from '../layers/networks.js';
import { declareTarget, lossOf } from '../layers/rollout.js';
import { attentionOf } from './blocks.js';
import { type ConditionedMlp, type ConditionParameters, declareNetworks, type Networks, noise } from './networks.js';
import { declareResidents } from './residents.js';
import { transformer } from './transformer.js';

/** SamplerConfig: 20 noise levels, and as many steps. */
const numSteps = 20;

/** What conditioned norms and the transformer ask for. */
export interface TransformerContext {
  readonly builder: ProgramBuilder;
  readonly networks: Pick<Networks, 'layers' | 'finalNorm'>;
  readonly segmentation: Segmentation;
  readonly attention: ReturnType<typeof attentionOf>;
  /** One row per sample, of which every norm makes its scale and offset. */
  readonly code: ValueId;
}

interface Context extends TransformerContext {
  readonly networks: Networks;
}

type Data = Readonly<Record<'gridInput' | 'meshNodes' | 'grid2mesh' | 'mesh2grid', ValueId>>;

/** Rows that are normalised and not yet conditioned: the same at every noise level, where what they are made of is. */
type Shared = Readonly<Partial<Record<'meshNodes' | 'grid2mesh' | 'mesh2grid', ValueId>>>;

export function gencastProgram(model: Model, { mode }: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  builder.denoiser = true;
  const networks = declareNetworks(builder, model);
  const data = declareData(builder);
  const levels = builder.input('noiseFeatures', builder.rows('one', 'one', noise.features));
  declareResidents(builder, mode, attentionOf(model));
  const target = mode === 'train' ? declareTarget(builder, 0) : undefined;
  builder.call({ name: 'step', times: target === undefined ? numSteps : 1 }, {}, (frame) => {
    const context: Context = {
      builder,
      networks,
      segmentation,
      attention: attentionOf(model),
      code: frame.set('code', encodeNoise(builder, networks, levels)),
    };
    if (target === undefined) return samplerStep(context, frame, data);
    const prediction = frame.set('prediction', denoise(context, data, data.gridInput, {}));
    builder.predictions.push(prediction);
    builder.loss = frame.set('loss', lossOf(builder, prediction, target));
    return [builder.loss];
  });
  return builder.finish();
}

/** Denoises, moves half way, denoises what is there: both calls read the same graph. */
function samplerStep(context: Context, frame: Frame, data: Data): readonly ValueId[] {
  const { builder, networks } = context;
  const share = (module: Module, network: ConditionedMlp, from: ValueId, of: MlpCall['of']) =>
    builder.call({ name: 'shared rows', module }, {}, () => [embedded(context, network, from, of)])[0]!;
  const shared = {
    meshNodes: frame.set('mesh0', share('grid2mesh', networks.embedMeshNodes, data.meshNodes, 'embedMeshNodes')),
    grid2mesh: frame.set('edges0', share('grid2mesh', networks.embedGrid2meshEdges, data.grid2mesh, 'embedEdges')),
    mesh2grid: frame.set('edges1', share('mesh2grid', networks.embedMesh2gridEdges, data.mesh2grid, 'embedEdges')),
  };
  const first = frame.set('denoised', denoise(context, data, data.gridInput, shared));
  const { shape } = builder.values[data.gridInput]!;
  const middle = frame.set('middle', builder.join([first, data.gridInput], shape, 'inputs with the middle state'));
  const second = frame.set('denoised again', denoise(context, data, middle, shared));
  builder.predictions.push(first, second);
  return builder.predictions;
}

/** `[gridNodes, inputChannels] → [gridNodes, outputChannels]` */
function denoise(context: Context, data: Data, input: ValueId, shared: Shared): ValueId {
  const { builder, segmentation } = context;
  const role = { kind: 'model', rolloutStep: 0 } as const;
  const [prediction] = builder.call({ name: 'denoiser', role, recomputed: segmentation.model }, { input }, (frame) => {
    const [mesh, grid] = encoder(context, data, input, shared);
    frame.set('mesh', mesh!);
    frame.set('grid', grid!);
    const updated = frame.set('mesh', transformer(context, mesh!));
    return [decoder(context, data, updated, grid!, shared)];
  });
  return prediction!;
}

/** → mesh nodes, grid nodes */
function encoder(context: Context, data: Data, input: ValueId, shared: Shared): readonly ValueId[] {
  const { builder, networks, segmentation } = context;
  const spec = { role: { kind: 'encoder' }, module: 'grid2mesh', recomputed: segmentation.encoder } as const;
  return builder.call({ name: 'encoder', ...spec }, { input }, (frame) => {
    const embed = (name: string, network: ConditionedMlp, of: MlpCall['of'], from: ValueId, known?: ValueId) =>
      frame.set(name, condition(context, known ?? embedded(context, network, from, of), network.condition));
    const grid = embed('grid0', networks.embedGridNodes, 'embedGridNodes', input);
    const mesh = embed('mesh0', networks.embedMeshNodes, 'embedMeshNodes', data.meshNodes, shared.meshNodes);
    const edges = embed('edges0', networks.embedGrid2meshEdges, 'embedEdges', data.grid2mesh, shared.grid2mesh);
    const messages = frame.set('messages', edgeUpdate(context, networks.encoderEdges, 'grid2mesh', edges, grid, mesh));
    const both = frame.set('both', withSum(builder, 'grid2mesh', messages, mesh));
    const newMesh = builder.add(mesh, conditioned(context, networks.encoderMeshNodes, both, 'nodes'), 'mesh residual');
    frame.set('mesh', newMesh);
    const newGrid = builder.add(grid, conditioned(context, networks.encoderGridNodes, grid, 'nodes'), 'grid residual');
    return [newMesh, frame.set('grid', newGrid)];
  });
}

function decoder(context: Context, data: Data, mesh: ValueId, grid: ValueId, shared: Shared): ValueId {
  const { builder, networks, segmentation } = context;
  const spec = { role: { kind: 'decoder' }, module: 'mesh2grid', recomputed: segmentation.decoder } as const;
  const [prediction] = builder.call({ name: 'decoder', ...spec }, { mesh, grid }, (frame) => {
    const { embedMesh2gridEdges, decoderEdges, decoderGridNodes, head } = networks;
    const rows = shared.mesh2grid ?? embedded(context, embedMesh2gridEdges, data.mesh2grid, 'embedEdges');
    const edges = frame.set('edges', condition(context, rows, embedMesh2gridEdges.condition));
    const messages = frame.set('messages', edgeUpdate(context, decoderEdges, 'mesh2grid', edges, mesh, grid));
    const both = frame.set('both', withSum(builder, 'mesh2grid', messages, grid));
    const updated = builder.add(conditioned(context, decoderGridNodes, both, 'nodes'), grid, 'grid residual');
    return [callMlp(builder, head, frame.set('grid', updated), swish('head'))];
  });
  return prediction!;
}

const swish = (of: MlpCall['of']): MlpCall => ({ of, recomputeActivation: false });

/** Messages `[edges, H]` of `[edge, sender, receiver]`. */
function edgeUpdate(
  context: Context,
  network: ConditionedMlp,
  set: EdgeSet,
  edges: ValueId,
  senders: ValueId,
  receivers: ValueId,
): ValueId {
  const { builder } = context;
  const sent = builder.gather(senders, { edges: set, end: 'senders' }, 'gather senders');
  const received = builder.gather(receivers, { edges: set, end: 'receivers' }, 'gather receivers');
  return conditioned(
    context,
    network,
    builder.concat([edges, sent, received], 'concat edge, sender, receiver'),
    'edges',
  );
}

/** `[nodes, 2H]` */
export function withSum(builder: ProgramBuilder, set: EdgeSet, messages: ValueId, nodes: ValueId): ValueId {
  const rows = builder.values[nodes]!.shape[0]!.symbol;
  const sum = builder.segmentSum(messages, { edges: set, end: 'receivers' }, rows, 'sum incoming edges');
  return builder.concat([sum, nodes], 'concat aggregate, node');
}

const conditioned = (context: Context, network: ConditionedMlp, input: ValueId, of: MlpCall['of']): ValueId =>
  condition(context, embedded(context, network, input, of), network.condition);

/** The MLP's rows, normalised. */
export function embedded(
  { builder }: Pick<TransformerContext, 'builder'>,
  { mlp }: ConditionedMlp,
  input: ValueId,
  of: MlpCall['of'],
): ValueId {
  const rows = callMlp(builder, mlp, input, swish(of));
  return builder.emit(builder.values[rows]!.shape, 'layer norm', { kind: 'normalize', input: rows });
}

/** `shape`: where rows that all samples share become rows of each. */
export function condition(
  { builder, code }: Pick<TransformerContext, 'builder' | 'code'>,
  input: ValueId,
  parameters: ConditionParameters,
  shape: Shape = builder.values[input]!.shape,
): ValueId {
  return builder.emit(shape, 'scale and offset of the noise level', {
    kind: 'condition',
    input,
    code,
    ...parameters,
  });
}

function encodeNoise(builder: ProgramBuilder, { noise: [first, second] }: Networks, levels: ValueId): ValueId {
  const hidden = builder.activation(
    'gelu-tanh',
    builder.linear(levels, first, 'noise linear 0'),
    'noise activation',
    false,
  );
  return builder.linear(hidden, second, 'noise linear 1');
}

function declareData(builder: ProgramBuilder): Data {
  const features = (set: EdgeSet) =>
    builder.input(`${set}EdgeFeatures`, builder.rows(edgeRows(set), 'one', numEdgeFeatures));
  return {
    grid2mesh: features('grid2mesh'),
    mesh2grid: features('mesh2grid'),
    meshNodes: builder.input('meshNodeFeatures', builder.rows('meshNodes', 'inputChannels')),
    gridInput: builder.input('gridInput', builder.rows('gridNodes', 'inputChannels')),
  };
}
