/** The forward program of a GraphCast-shaped model: encoder, processor, decoder and loss, one or several rollout steps. */
import type { Model, Recipe } from '../config/types.js';
import { ProgramBuilder } from './builder.js';
import type { Frame } from './frame.js';
import { aggregateAndConcat, edgeUpdate, type LayerState, meshEdgeBlock, meshNodeBlock } from './interaction.js';
import { callMlp } from './mlp.js';
import { declareNetworks, type LayerNetworks, meshNodeInput, type Networks, numEdgeFeatures } from './networks.js';
import { edgeRows } from './row-shapes.js';
import { statelessLayer } from './stateless-layers.js';
import type { ForwardProgram, Segmentation, ValueId } from './types.js';

export interface Context {
  readonly builder: ProgramBuilder;
  readonly model: Model;
  readonly networks: Networks;
  readonly recipe: Recipe;
  readonly segmentation: Segmentation;
  readonly edgeFeatures: Readonly<Record<'grid2mesh' | 'mesh' | 'mesh2grid', ValueId>>;
  readonly meshNodeFeatures: ValueId;
  readonly gridInput: ValueId;
  /** DeepMind adds the edge residual after the node update, which sums the messages alone; PhysicsNeMo before it. */
  readonly edgeResidualLast: boolean;
}

export function graphcastProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const context = declareContext(model, recipe, segmentation);
  const { builder, gridInput } = context;
  const training = recipe.mode === 'train';
  builder.call({ name: 'step' }, {}, (frame) => {
    frame.set('state', gridInput);
    for (let rolloutStep = 0; rolloutStep < recipe.rolloutSteps; rolloutStep++) {
      const prediction = frame.set('prediction', modelFrame(context, frame.locals.get('state')!, rolloutStep));
      builder.predictions.push(prediction);
      if (training) {
        const loss = frame.set('stepLoss', lossOf(builder, prediction, rolloutStep));
        const total = frame.locals.get('total');
        frame.set('total', total === undefined ? loss : builder.add(total, loss, 'sum losses'));
      }
      frame.set('state', prediction);
    }
    builder.loss = frame.locals.get('total');
    return [builder.loss ?? frame.locals.get('prediction')!];
  });
  return builder.finish();
}

/** Parameters and data of the whole model. */
export function declareContext(model: Model, recipe: Recipe, segmentation: Segmentation): Context {
  const builder = new ProgramBuilder();
  const networks = declareNetworks(builder, model, recipe.concatTrick !== 'off');
  const data = declareData(builder, model);
  const gridInput = builder.input('gridInput', builder.rows('gridNodes', 'inputChannels'));
  return {
    builder,
    model,
    networks,
    recipe,
    segmentation,
    gridInput,
    edgeResidualLast: model.layout === 'jax',
    ...data,
  };
}

function declareData(builder: ProgramBuilder, model: Model): Pick<Context, 'edgeFeatures' | 'meshNodeFeatures'> {
  const features = (edges: 'grid2mesh' | 'mesh' | 'mesh2grid') =>
    builder.input(`${edges}EdgeFeatures`, builder.rows(edgeRows(edges), 'one', numEdgeFeatures));
  return {
    edgeFeatures: { grid2mesh: features('grid2mesh'), mesh: features('mesh'), mesh2grid: features('mesh2grid') },
    meshNodeFeatures: builder.input(
      'meshNodeFeatures',
      builder.rows('meshNodes', meshNodeInput(model).symbol, meshNodeInput(model).factor),
    ),
  };
}

export function lossOf(builder: ProgramBuilder, prediction: ValueId, rolloutStep: number): ValueId {
  const target = builder.input(`target${rolloutStep}`, builder.rows('gridNodes', 'outputChannels'));
  const [loss] = builder.call({ name: 'loss', role: { kind: 'loss' }, module: 'loss' }, { prediction }, () => [
    builder.emit(builder.scalar(), 'loss', { kind: 'loss', prediction, target }, [prediction]),
  ]);
  return loss!;
}

/** `[gridNodes, inputChannels] → [gridNodes, outputChannels]` */
function modelFrame(context: Context, input: ValueId, rolloutStep: number): ValueId {
  const { builder, networks, segmentation } = context;
  const { layers } = networks;
  const withLayers = segmentation.frames === 'physicsnemo';
  const inEncoder = withLayers ? layers.slice(0, 1) : [];
  const inDecoder = withLayers ? layers.slice(Math.max(1, layers.length - 1)) : [];
  const inner = layers.slice(inEncoder.length, layers.length - inDecoder.length);
  const recomputed = segmentation.model || segmentation.rollout;
  const role = { kind: 'model', rolloutStep } as const;
  const [prediction] = builder.call({ name: 'model', role, recomputed }, { input }, (frame) => {
    const [nodes, grid, edges] = encoderFrame(context, input, inEncoder);
    frame.set('nodes', nodes!);
    frame.set('grid', grid!);
    if (edges !== undefined) frame.set('edges', edges);
    const state = processorFrame(context, nodes!, edges, inner, inEncoder.length);
    if (state.edges !== undefined) frame.set('edges', state.edges);
    frame.set('nodes', state.nodes);
    return [decoderFrame(context, state, grid!, inDecoder, layers.length - inDecoder.length)];
  });
  return prediction!;
}

function embed(
  context: Context,
  network: keyof Networks & `embed${string}`,
  of: 'embedGridNodes' | 'embedMeshNodes' | 'embedEdges',
  input: ValueId,
  recomputed = false,
): ValueId {
  const { builder, networks, recipe } = context;
  const { recomputeActivation } = recipe;
  return callMlp(builder, networks[network]!, input, { of, recomputeActivation, recomputed });
}

/** → mesh nodes, grid nodes and, where this frame embeds them, mesh edges. */
export function encoderFrame(context: Context, input: ValueId, layers: readonly LayerNetworks[]): readonly ValueId[] {
  const { builder, edgeFeatures, meshNodeFeatures, segmentation } = context;
  const spec = {
    name: 'encoder',
    role: { kind: 'encoder' },
    module: 'grid2mesh',
    recomputed: segmentation.encoder,
  } as const;
  return builder.call(spec, { input }, (frame) => {
    const grid0 = frame.set('grid0', embed(context, 'embedGridNodes', 'embedGridNodes', input));
    const mesh0 = frame.set('mesh0', embed(context, 'embedMeshNodes', 'embedMeshNodes', meshNodeFeatures));
    const edges0 = frame.set('edges0', embed(context, 'embedGrid2meshEdges', 'embedEdges', edgeFeatures.grid2mesh));
    const embedMeshEdges = () => {
      const embedded = meshEdges(context);
      return embedded && frame.set('meshEdges0', embedded);
    };
    const early = segmentation.frames === 'physicsnemo' ? embedMeshEdges() : undefined;
    const [grid, mesh] = grid2mesh(context, edges0, grid0, mesh0);
    frame.set('grid', grid!);
    frame.set('mesh', mesh!);
    if (segmentation.frames === 'jax') return [mesh!, grid!];
    const meshEdges0 = early ?? embedMeshEdges();
    const initial = { ...(meshEdges0 && { edges: meshEdges0 }), nodes: mesh! };
    const state = processorSegments(context, initial, layers, 0, undefined);
    if (state.edges !== undefined) frame.set('meshEdges', state.edges);
    frame.set('mesh1', state.nodes);
    return [state.nodes, grid!, ...(state.edges === undefined ? [] : [state.edges])];
  });
}

/** Embedded mesh edges, `[meshEdges, hiddenDim]`, where the processor reads them. */
function meshEdges(context: Context): ValueId | undefined {
  if (context.networks.embedMeshEdges === undefined) return undefined;
  return embed(context, 'embedMeshEdges', 'embedEdges', context.edgeFeatures.mesh);
}

/** → grid nodes, mesh nodes */
function grid2mesh(context: Context, edges: ValueId, grid: ValueId, mesh: ValueId): readonly ValueId[] {
  const { builder, networks, recipe } = context;
  const call = { of: 'nodes', recomputeActivation: recipe.recomputeActivation } as const;
  return builder.call({ name: 'grid2mesh' }, { edges, grid, mesh }, (frame) => {
    const update = { edgeSet: 'grid2mesh', edges, senders: grid, receivers: mesh } as const;
    const messages = frame.set('messages', edgeUpdate(builder, networks.encoderEdges, update, recipe));
    const both = frame.set('both', aggregateAndConcat(builder, 'grid2mesh', messages, mesh));
    const newMesh = frame.set(
      'mesh',
      builder.add(mesh, callMlp(builder, networks.encoderMeshNodes, both, call), 'mesh node residual'),
    );
    const newGrid = frame.set(
      'grid',
      builder.add(grid, callMlp(builder, networks.encoderGridNodes, grid, call), 'grid node residual'),
    );
    return [newGrid, newMesh];
  });
}

export function processorFrame(
  context: Context,
  meshNodes: ValueId,
  embeddedBefore: ValueId | undefined,
  layers: readonly LayerNetworks[],
  firstLayer: number,
): LayerState {
  const args = { ...(embeddedBefore !== undefined && { edges: embeddedBefore }), nodes: meshNodes };
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh' } as const;
  const [nodes, edges] = context.builder.call(spec, args, (frame) => {
    const embedded = embeddedBefore ?? meshEdges(context);
    if (embeddedBefore === undefined && embedded !== undefined) frame.set('edges', embedded);
    const state = { ...(embedded !== undefined && { edges: embedded }), nodes: meshNodes };
    const result = processorSegments(
      context,
      state,
      layers,
      firstLayer,
      context.segmentation.processorBlocksPerSegment,
      (now) => {
        if (now.edges !== undefined) frame.set('edges', now.edges);
        frame.set('nodes', now.nodes);
      },
    );
    return result.edges === undefined ? [result.nodes] : [result.nodes, result.edges];
  });
  return { ...(edges !== undefined && { edges }), nodes: nodes! };
}

/** Runs of `blocksPerSegment` edge and node blocks (a layer without edge state counts as both), each a call of its own. */
function processorSegments(
  context: Context,
  initial: LayerState,
  layers: readonly LayerNetworks[],
  firstLayer: number,
  blocksPerSegment: number | undefined,
  onSegment: (state: LayerState) => void = () => {},
): LayerState {
  const { builder } = context;
  const numBlocks = 2 * layers.length;
  const asked = Math.max(1, blocksPerSegment ?? numBlocks);
  const size = layers[0]?.kind === 'interaction' ? asked : 2 * Math.ceil(asked / 2);
  let state = initial;
  for (let first = 0; first < numBlocks; first += size) {
    const role = { kind: 'processorSegment', index: first / size } as const;
    const spec = {
      name: `processor segment ${role.index}`,
      role,
      module: 'mesh',
      recomputed: blocksPerSegment !== undefined,
    } as const;
    let now = state;
    builder.call(spec, { ...state }, (frame) => {
      for (let block = first; block < Math.min(first + size, numBlocks); block++) {
        const layer = Math.floor(block / 2);
        now = runBlock(context, frame, now, layers[layer]!, firstLayer + layer, block % 2 === 0 ? 'edges' : 'nodes');
      }
      return Object.values(now);
    });
    state = now;
    onSegment(state);
  }
  return state;
}

function runBlock(
  { builder, recipe, model, edgeFeatures, edgeResidualLast }: Context,
  frame: Frame,
  now: LayerState,
  networks: LayerNetworks,
  layer: number,
  half: 'edges' | 'nodes',
): LayerState {
  if (networks.kind !== 'interaction') {
    if (half === 'edges') return now;
    return {
      ...now,
      nodes: frame.set('nodes', statelessLayer(builder, networks, now, edgeFeatures.mesh, layer, model)),
    };
  }
  const { edges, messages } = now;
  if (edges === undefined) throw new Error('an interaction layer without edges');
  const state = { ...now, edges };
  if (half === 'edges') {
    const args = [builder, networks.edges, layer, state, recipe] as const;
    return edgeResidualLast
      ? { ...now, messages: frame.set('messages', meshEdgeBlock(...args, false)) }
      : { ...now, edges: frame.set('edges', meshEdgeBlock(...args, true)) };
  }
  const nodes = frame.set('nodes', meshNodeBlock(builder, networks.nodes, layer, state, recipe));
  if (messages === undefined) return { ...now, nodes };
  return { edges: frame.set('edges', builder.add(messages, edges, 'edge residual')), nodes };
}

/** TensorFlow.js's last tape, which runs once, begins behind the decoder's blocks of edges. */
const runsEdgesTwice = ({ frames, edgeBlocks }: Segmentation) => frames === 'tfjs' && edgeBlocks !== undefined;

/** → prediction `[gridNodes, outputChannels]` */
export function decoderFrame(
  context: Context,
  state: LayerState,
  grid: ValueId,
  layers: readonly LayerNetworks[],
  firstLayer: number,
): ValueId {
  const { builder, networks, recipe, segmentation, edgeFeatures } = context;
  const spec = {
    name: 'decoder',
    role: { kind: 'decoder' },
    module: 'mesh2grid',
    recomputed: segmentation.decoder,
  } as const;
  const { nodes, edges: meshEdgeState } = state;
  const args = { ...(meshEdgeState !== undefined && { edges: meshEdgeState }), nodes, grid };
  const [prediction] = builder.call(spec, args, (frame) => {
    const last = processorSegments(context, state, layers, firstLayer, undefined);
    if (last.edges !== undefined) frame.set('lastEdges', last.edges);
    const mesh = frame.set('nodes', last.nodes);
    const edges = frame.set(
      'mesh2gridEdges',
      embed(context, 'embedMesh2gridEdges', 'embedEdges', edgeFeatures.mesh2grid, runsEdgesTwice(segmentation)),
    );
    const decoded = frame.set('decoded', mesh2grid(context, edges, mesh, grid));
    return [callMlp(builder, networks.head, decoded, { of: 'head', recomputeActivation: recipe.recomputeActivation })];
  });
  return prediction!;
}

function mesh2grid(context: Context, edges: ValueId, mesh: ValueId, grid: ValueId): ValueId {
  const { builder, networks, recipe, segmentation } = context;
  const recomputed = runsEdgesTwice(segmentation);
  const [result] = builder.call({ name: 'mesh2grid' }, { edges, mesh, grid }, (frame) => {
    const update = { edgeSet: 'mesh2grid', edges, senders: mesh, receivers: grid, recomputed } as const;
    const messages = frame.set('messages', edgeUpdate(builder, networks.decoderEdges, update, recipe));
    const both = frame.set('both', aggregateAndConcat(builder, 'mesh2grid', messages, grid));
    const call = { of: 'nodes', recomputeActivation: recipe.recomputeActivation } as const;
    return [builder.add(callMlp(builder, networks.decoderGridNodes, both, call), grid, 'grid node residual')];
  });
  return result!;
}
