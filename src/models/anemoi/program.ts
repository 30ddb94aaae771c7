/**
 * anemoi's encoder-processor-decoder (anemoi-models 0.19.0, models/encoder_processor_decoder.py) as traced: 2 input steps, latent skip,
 * residual on the prognostic channels, the encoder's grid rows as the decoder's receivers, and a plain mean squared error.
 */
import type { Model, Recipe } from '../../config/types.js';
import { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { axis, constant, int64Bytes } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { rolloutProgram } from '../layers/rollout.js';
import { declareEdges, type EdgeProvider, joinTrained, numTrainedFeatures, provideEdges } from './edges.js';
import { declareGnnMapper, type GnnMapperParameters, runGnnMapper } from './gnn-mapper.js';
import { declareMapper, type MapperParameters, type MapperState, runMapper } from './mapper.js';
import { declareProcessor, type Processor, runProcessor } from './processor.js';

/** Sine and cosine of latitude and longitude. */
export const numCoordinates = 4;
const nodeFeatureWidth = constant(numCoordinates + numTrainedFeatures);

interface NodeAttributes {
  readonly rows: string;
  readonly fixed: ValueId;
  readonly trained: ValueId;
}

type Mapper =
  | { readonly kind: 'transformer'; readonly parameters: MapperParameters }
  | { readonly kind: 'gnn'; readonly parameters: GnnMapperParameters };

interface Networks {
  readonly grid: NodeAttributes;
  readonly mesh: NodeAttributes;
  readonly encoderEdges: EdgeProvider;
  readonly encoder: Mapper;
  readonly processorEdges: EdgeProvider;
  readonly processor: Processor;
  readonly decoderEdges: EdgeProvider;
  readonly decoder: Mapper;
}

interface Context {
  readonly builder: ProgramBuilder;
  readonly model: Model;
  readonly segmentation: Segmentation;
  readonly networks: Networks;
}

export function anemoiProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  const networks = declareNetworks(builder, model);
  // Column numbers.
  for (const [side, kind] of [
    ['input', 'prognostic'],
    ['output', 'prognostic'],
    ['input', 'forcing'],
  ])
    builder.resident(`${kind} columns of the ${side}`, [axis(`${kind}Channels`)], int64Bytes);
  const context: Context = { builder, model, segmentation, networks };
  return rolloutProgram(builder, recipe, (input, rolloutStep) => modelFrame(context, input, rolloutStep));
}

function declareNetworks(builder: ProgramBuilder, model: Model): Networks {
  const { mlpHiddenLayers: hiddenLayers } = model;
  const coordinates = (nodes: 'grid' | 'mesh') =>
    builder.input(`${nodes}Coordinates`, [axis(`${nodes}Nodes`), constant(numCoordinates)]);
  const fixed = { grid: coordinates('grid'), mesh: coordinates('mesh') };
  const attributes = (nodes: 'grid' | 'mesh', module: 'grid2mesh' | 'mesh'): NodeAttributes => {
    const rows = `${nodes}Nodes`;
    const shape = [axis(rows), constant(numTrainedFeatures)];
    const trained = builder.parameter(`${nodes}.trainedNodeFeatures`, module, 'weight', shape);
    return { rows, fixed: fixed[nodes], trained };
  };
  const grid = attributes('grid', 'grid2mesh');
  const mesh = attributes('mesh', 'mesh');
  const input = axis('encoderInput');
  const output = axis('outputChannels');
  const mapper = (module: 'grid2mesh' | 'mesh2grid'): Mapper => {
    const encodes = module === 'grid2mesh';
    if (model.layout === 'anemoi-gnn') {
      const ends = encodes ? { embeds: { senders: input, receivers: nodeFeatureWidth } } : { output };
      return { kind: 'gnn', parameters: declareGnnMapper(builder, { module, hiddenLayers, ...ends }) };
    }
    const ends = encodes ? { senders: input, receivers: nodeFeatureWidth } : { receivers: input, output };
    return { kind: 'transformer', parameters: declareMapper(builder, { module, hiddenLayers, ...ends }) };
  };
  const encoderEdges = declareEdges(builder, 'grid2mesh', 'grid2mesh');
  const encoder = mapper('grid2mesh');
  const processorEdges = declareEdges(builder, 'mesh', 'mesh');
  const processor = declareProcessor(builder, model);
  const decoderEdges = declareEdges(builder, 'mesh2grid', 'mesh2grid');
  return { grid, mesh, encoderEdges, encoder, processorEdges, processor, decoderEdges, decoder: mapper('mesh2grid') };
}

/** → receivers and, from the encoder, senders as the decoder reads them */
function runEither(
  context: Context,
  mapper: Mapper,
  state: MapperState,
  edges: 'grid2mesh' | 'mesh2grid',
): readonly ValueId[] {
  const { builder, model, segmentation } = context;
  const role = { kind: edges === 'grid2mesh' ? 'encoder' : 'decoder' } as const;
  const call = {
    edges,
    model,
    numChunks: segmentation.edgeBlocks?.blocks ?? 1,
    recomputed: segmentation[role.kind],
  };
  const args = {
    senders: state.senders,
    receivers: state.receivers,
    features: state.edges.features,
    index: state.edges.index,
  };
  return builder.call({ name: role.kind, role, module: edges }, args, () => {
    const [from, to] =
      mapper.kind === 'gnn'
        ? runGnnMapper(builder, mapper.parameters, state, call)
        : [state.senders, runMapper(builder, mapper.parameters, state, call)];
    return edges === 'grid2mesh' ? [to, from] : [to];
  });
}

function assembleInput(builder: ProgramBuilder, grid: NodeAttributes, input: ValueId): ValueId {
  const [result] = builder.call({ name: 'assemble input', module: 'inputs' }, {}, (frame) => {
    const attributes = frame.set('attributes', joinTrained(builder, grid, nodeFeatureWidth));
    const rows = builder.emit(builder.values[input]!.shape, 'steps side by side', { kind: 'copy', input });
    const shape = builder.rows('gridNodes', 'encoderInput');
    return [builder.join([rows, attributes], shape, 'join variables and attributes')];
  });
  return result!;
}

/** The residual is added to the prognostic channels of a copy in the input's type. */
function assembleOutput(builder: ProgramBuilder, output: ValueId, input: ValueId): ValueId {
  const [result] = builder.call({ name: 'assemble output', module: 'mesh2grid' }, { output }, (frame) => {
    const { shape } = builder.values[output]!;
    const copied = builder.emit(shape, 'copy output', { kind: 'copy', input: output, like: input });
    frame.set('output', copied);
    const operation = { kind: 'addColumns', input: copied, addend: input, columns: 'prognosticChannels' } as const;
    return [frame.set('output', builder.emit(shape, 'prognostic residual', operation))];
  });
  return result!;
}

/** `[gridNodes, inputChannels] → [gridNodes, outputChannels]` */
function modelFrame(context: Context, input: ValueId, rolloutStep: number): ValueId {
  const { builder, model, networks, segmentation } = context;
  const role = { kind: 'model', rolloutStep } as const;
  const spec = {
    name: 'model',
    role,
    module: 'other',
    recomputed: segmentation.model || segmentation.rollout,
  } as const;
  const [prediction] = builder.call(spec, { input }, (frame) => {
    const hidden = frame.set('hidden', joinTrained(builder, networks.mesh, nodeFeatureWidth));
    frame.set('grid', assembleInput(builder, networks.grid, input));
    const provide = (name: string, provider: EdgeProvider) => {
      const edges = provideEdges(builder, provider);
      frame.set(`${name} features`, edges.features);
      frame.set(`${name} index`, edges.index);
      return edges;
    };
    const encoderEdges = provide('encoder', networks.encoderEdges);
    const encoderState = { senders: frame.locals.get('grid')!, receivers: hidden, edges: encoderEdges };
    const [latent, grid] = runEither(context, networks.encoder, encoderState, 'grid2mesh');
    frame.set('grid', grid!);
    frame.set('latent', latent!);
    const processorEdges = provide('processor', networks.processorEdges);
    const layersPerChunk =
      segmentation.processorBlocksPerSegment === undefined ? undefined : segmentation.processorBlocksPerSegment / 2;
    const processed = frame.set(
      'processed',
      runProcessor(builder, networks.processor, latent!, processorEdges, model, layersPerChunk),
    );
    const skipped = frame.set('processed', builder.add(processed, latent!, 'latent skip'));
    const decoderEdges = provide('decoder', networks.decoderEdges);
    const decoderState = { senders: skipped, receivers: grid!, edges: decoderEdges };
    const [output] = runEither(context, networks.decoder, decoderState, 'mesh2grid');
    frame.set('output', output!);
    return [assembleOutput(builder, output!, input)];
  });
  return prediction!;
}
