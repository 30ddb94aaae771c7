/**
 * graph_weather's GraphCast class (openclimatefix/graph_weather 1.0.146, models/graphcast/model.py and models/layers/): encoder and decoder
 * run one interaction block over grid and mesh nodes together, the processor runs over H3 cells. ReLU; residuals are added in place.
 */
import type { Model, Recipe } from '../config/types.js';
import { ProgramBuilder } from './builder.js';
import type { Frame } from './frame.js';
import { callMlp, type MlpCall, type MlpParameters, mlpParameters } from './mlp.js';
import { rolloutProgram } from './rollout.js';
import { type Axis, axis, constant, type Shape } from './shape.js';
import type { EdgeSet, ForwardProgram, Module, Segmentation, ValueId } from './types.js';

/** Sine and cosine of the distance. */
const numEdgeFeatures = 2;
/** The decoder's edge width and the hidden layers of its edge embedder do not follow the model's options. */
const decoderEdgeWidth = 256;
const decoderEmbedderHiddenLayers = 2;
const int64Bytes = 8;

const H = axis('hiddenDim');
const decoderEdges = constant(decoderEdgeWidth);

interface Block {
  readonly edges: MlpParameters;
  readonly nodes: MlpParameters;
}

interface Networks {
  readonly meshInputs: ValueId;
  readonly embedNodes: MlpParameters;
  readonly embedEdges: Readonly<Record<EdgeSet, MlpParameters>>;
  readonly encoder: Block;
  readonly layers: readonly Block[];
  readonly decoder: Block;
  readonly head: MlpParameters;
}

interface Context {
  readonly builder: ProgramBuilder;
  readonly networks: Networks;
  readonly features: Readonly<Record<EdgeSet, ValueId>>;
  readonly gridNodes: ValueId;
  readonly segmentation: Segmentation;
  /** Every embedder and every block is a checkpoint of its own (`use_checkpointing`). */
  readonly fine: boolean;
}

export function graphWeatherProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  const networks = declareNetworks(builder, model);
  const edges = (set: EdgeSet) => {
    builder.resident(`${set} edge index`, [constant(2), axis(`${set}Edges`)], int64Bytes);
    return builder.input(`${set}EdgeFeatures`, [axis(`${set}Edges`), axis('batch'), constant(numEdgeFeatures)]);
  };
  const features = { grid2mesh: edges('grid2mesh'), mesh: edges('mesh'), mesh2grid: edges('mesh2grid') };
  const gridNodes = builder.input('gridNodeZeros', [axis('gridNodes'), H]);
  const fine = segmentation.processorBlocksPerSegment === 2 && model.layers > 1;
  const context: Context = { builder, networks, features, gridNodes, segmentation, fine };
  return rolloutProgram(builder, recipe, (input, rolloutStep) => modelFrame(context, input, rolloutStep));
}

function declareNetworks(builder: ProgramBuilder, model: Model): Networks {
  const mlp = (
    network: string,
    module: Module,
    input: Axis,
    output: Axis,
    more: { layerNorm?: boolean; hiddenLayers?: number } = {},
  ) =>
    mlpParameters(builder, {
      network,
      module,
      input,
      output,
      hiddenLayers: model.mlpHiddenLayers,
      layerNorm: true,
      ...more,
    });
  const block = (
    network: string,
    module: Module,
    widths: { edgeInput: Axis; edges: Axis; nodeInput: Axis },
  ): Block => ({
    edges: mlp(`${network}.edges`, module, widths.edgeInput, widths.edges),
    nodes: mlp(`${network}.nodes`, module, widths.nodeInput, H),
  });
  const usual = { edgeInput: axis('hiddenDim', 3), edges: H, nodeInput: axis('hiddenDim', 2) };
  const wide = { edgeInput: axis('decoderEdgeInput'), edges: decoderEdges, nodeInput: axis('decoderNodeInput') };
  const edgeFeatures = constant(numEdgeFeatures);
  const embedNodes = mlp('grid2mesh.embedNodes', 'grid2mesh', axis('inputChannels'), H);
  const grid2mesh = mlp('grid2mesh.embedEdges', 'grid2mesh', edgeFeatures, H);
  const mesh = mlp('mesh.embedEdges', 'mesh', edgeFeatures, H);
  const encoder = block('grid2mesh', 'grid2mesh', usual);
  const meshInputs = builder.parameter('grid2mesh.trainedMeshInputs', 'grid2mesh', 'weight', [
    axis('meshNodes'),
    axis('inputChannels'),
  ]);
  const layers = Array.from({ length: model.layers }, (_, layer) => block(`mesh.${layer}`, 'mesh', usual));
  const embedder = { hiddenLayers: decoderEmbedderHiddenLayers };
  const mesh2grid = mlp('mesh2grid.embedEdges', 'mesh2grid', edgeFeatures, decoderEdges, embedder);
  const decoder = block('mesh2grid', 'mesh2grid', wide);
  const head = mlp('mesh2grid.head', 'mesh2grid', H, axis('outputChannels'), { layerNorm: false });
  return { meshInputs, embedNodes, embedEdges: { grid2mesh, mesh, mesh2grid }, encoder, layers, decoder, head };
}

const relu = (of: MlpCall['of'], recomputed = false): MlpCall => ({
  of,
  activation: 'relu',
  recomputeActivation: false,
  recomputed,
});

/** `[2, edges]` of the batch: shifted per sample twice over, then joined. */
function edgeIndex(builder: ProgramBuilder, set: EdgeSet): ValueId {
  const [result] = builder.call({ name: `${set} edge index` }, {}, () => {
    const integers = (shape: Shape, name: string, inputs: readonly ValueId[]) =>
      builder.emit(shape, name, { kind: 'integers', inputs }, inputs);
    const shape = [constant(2), axis(`${set}Edges`), axis('batch')];
    const largest = integers(builder.scalar(), 'largest node', []);
    const offset = integers(builder.scalar(), 'offset', [largest]);
    const once = integers(shape, 'shifted once', [offset]);
    return [integers(shape, 'edge index of the batch', [integers(shape, 'shifted twice', [once])])];
  });
  return result!;
}

interface State {
  readonly nodes: ValueId;
  readonly edges: ValueId;
}

interface BlockCall {
  readonly name: string;
  readonly index: ValueId;
  readonly edgeSet: EdgeSet;
  readonly rows: string;
  readonly layer: number;
}

/** torch_geometric's MetaLayer: edge update from both ends, then node update from the sum of incoming edges. */
function runBlock({ builder, fine }: Context, networks: Block, state: State, call: BlockCall): State {
  const { index, edgeSet, rows, layer } = call;
  const senders = { edges: edgeSet, end: 'senders', index } as const;
  const receivers = { edges: edgeSet, end: 'receivers', index } as const;
  const spec = { name: call.name, role: { kind: 'nodeBlock', edgeSet, layer }, recomputed: fine } as const;
  const [nodes, edges] = builder.call(spec, { ...state, index }, (frame) => {
    const from = builder.gather(state.nodes, senders, 'gather senders');
    const to = builder.gather(state.nodes, receivers, 'gather receivers');
    const [updated] = builder.call({ name: 'edges' }, { from, to, edges: state.edges }, (inner) => {
      const width = networks.edges.input;
      const joined = concat(
        builder,
        [from, to, state.edges],
        builder.rows(`${edgeSet}Edges`, width.symbol, width.factor),
      );
      inner.set('out', joined);
      return [
        addInPlace(builder, inner.set('out', callMlp(builder, networks.edges, joined, relu('edges'))), state.edges),
      ];
    });
    frame.set('edges', updated!);
    const [newNodes] = builder.call({ name: 'nodes' }, { nodes: state.nodes, edges: updated! }, (inner) => {
      const sum = inner.set('out', builder.segmentSum(updated!, receivers, rows, 'sum incoming edges'));
      const width = networks.nodes.input;
      const joined = concat(builder, [state.nodes, sum], builder.rows(rows, width.symbol, width.factor));
      inner.set('out', joined);
      return [
        addInPlace(builder, inner.set('out', callMlp(builder, networks.nodes, joined, relu('nodes'))), state.nodes),
      ];
    });
    frame.set('nodes', newNodes!);
    return [newNodes!, updated!];
  });
  return { nodes: nodes!, edges: edges! };
}

const concat = (builder: ProgramBuilder, inputs: readonly ValueId[], shape: Shape): ValueId =>
  builder.emit(shape, 'concat', { kind: 'concat', inputs }, inputs);

const addInPlace = (builder: ProgramBuilder, left: ValueId, right: ValueId): ValueId =>
  builder.emit(builder.values[left]!.shape, 'residual', { kind: 'add', left, right, inPlace: true }, [left, right]);

/** Some of the rows, without a copy; the rest gets zeros in the backward pass. */
const split = (builder: ProgramBuilder, input: ValueId, rows: string, rest: string): ValueId => {
  const columns = builder.values[input]!.shape[2]!;
  const shape = builder.rows(rows, columns.symbol, columns.factor);
  return builder.emit(shape, `rows of ${rows}`, { kind: 'slice', input, rest }, [input]);
};

function modelFrame(context: Context, input: ValueId, rolloutStep: number): ValueId {
  const { builder, segmentation } = context;
  const role = { kind: 'model', rolloutStep } as const;
  const spec = { name: 'model', role, recomputed: segmentation.model || segmentation.rollout } as const;
  const [prediction] = builder.call(spec, { input }, (frame) => {
    const [nodes, index, edges] = encoder(context, input);
    frame.set('latent', nodes!);
    frame.set('index', index!);
    frame.set('edges', edges!);
    const processed = frame.set('processed', processor(context, { nodes: nodes!, edges: edges! }, index!));
    return [frame.set('output', decoder(context, processed, input))];
  });
  return prediction!;
}

/** → mesh nodes (a slice of all nodes), mesh edge index, embedded mesh edges */
function encoder(context: Context, input: ValueId): readonly ValueId[] {
  const { builder, networks, features, fine, segmentation } = context;
  const spec = {
    name: 'encoder',
    role: { kind: 'encoder' },
    module: 'grid2mesh',
    recomputed: segmentation.encoder && !fine,
  } as const;
  return builder.call(spec, {}, (frame) => {
    const all = concat(builder, [input, networks.meshInputs], builder.rows('allNodes', 'inputChannels'));
    frame.set('features', all);
    const nodes = frame.set('out', callMlp(builder, networks.embedNodes, all, relu('embedGridNodes', fine)));
    const edges = callMlp(builder, networks.embedEdges.grid2mesh, features.grid2mesh, relu('embedEdges', fine));
    frame.set('edges', edges);
    const index = frame.set('index', edgeIndex(builder, 'grid2mesh'));
    const call = { name: 'block', index, edgeSet: 'grid2mesh', rows: 'allNodes', layer: 0 } as const;
    const state = runBlock(context, networks.encoder, { nodes, edges }, call);
    frame.set('out', state.nodes);
    frame.set('_', state.edges);
    const mesh = split(builder, state.nodes, 'meshNodes', 'gridNodes');
    // The slice of the grid's rows takes the name that held the edges.
    frame.set('_', mesh);
    frame.set('out', mesh);
    const meshIndex = edgeIndex(builder, 'mesh');
    const meshEdges = callMlp(builder, networks.embedEdges.mesh, features.mesh, relu('embedEdges', fine));
    return [mesh, meshIndex, meshEdges];
  });
}

function processor(context: Context, initial: State, index: ValueId): ValueId {
  const { builder, networks, segmentation, fine } = context;
  const recomputed = segmentation.processorBlocksPerSegment !== undefined && !fine;
  const spec = { name: 'processor', role: { kind: 'processor' }, module: 'mesh', recomputed } as const;
  const [nodes] = builder.call(spec, { ...initial, index }, (frame) => {
    let state = initial;
    for (const [layer, block] of networks.layers.entries()) {
      const call = { name: `mesh layer ${layer}`, index, edgeSet: 'mesh', rows: 'meshNodes', layer } as const;
      state = runBlock(context, block, state, call);
      setBoth(frame, state);
    }
    return [state.nodes];
  });
  return nodes!;
}

function setBoth(frame: Frame, { nodes, edges }: State): void {
  frame.set('nodes', nodes);
  frame.set('edges', edges);
}

/** `[gridNodes, outputChannels]` */
function decoder(context: Context, processed: ValueId, input: ValueId): ValueId {
  const { builder, networks, features, gridNodes, fine, segmentation } = context;
  const spec = {
    name: 'decoder',
    role: { kind: 'decoder' },
    module: 'mesh2grid',
    recomputed: segmentation.decoder && !fine,
  } as const;
  const [result] = builder.call(spec, { processed }, (outer) => {
    const [rows] = builder.call({ name: 'decode' }, { processed }, (frame) => {
      const edges = callMlp(builder, networks.embedEdges.mesh2grid, features.mesh2grid, relu('embedEdges', fine));
      frame.set('edges', edges);
      // The name of the new edges, let go of next after that of the embedded ones.
      frame.set('_', edges);
      const index = frame.set('index', edgeIndex(builder, 'mesh2grid'));
      const all = concat(builder, [processed, gridNodes], builder.rows('allNodes', 'hiddenDim'));
      frame.set('features', all);
      const call = { name: 'block', index, edgeSet: 'mesh2grid', rows: 'allNodes', layer: 0 } as const;
      const state = runBlock(context, networks.decoder, { nodes: all, edges }, call);
      frame.set('out', state.nodes);
      frame.set('_', state.edges);
      const decoded = frame.set('out', callMlp(builder, networks.head, state.nodes, relu('head', fine)));
      return [split(builder, decoded, 'gridNodes', 'meshNodes')];
    });
    outer.set('out', rows!);
    return [outer.set('out', builder.add(rows!, input, 'input residual'))];
  });
  return result!;
}
