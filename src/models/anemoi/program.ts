/**
 * anemoi's encoder-processor-decoder (anemoi-models 0.19.0, models/encoder_processor_decoder.py, with members that noise tells apart
 * models/ens_encoder_processor_decoder.py) as traced: 2 input steps, latent skip, residual on the prognostic channels, the encoder's grid
 * rows as the decoder's receivers, and a plain mean squared error.
 */
import { fullElementBytes } from '../../config/choices.js';
import type { Model, Recipe } from '../../config/types.js';
import { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Frame } from '../../ir/frame.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { axis, constant, int64Bytes, type Shape } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import type { MlpParameters } from '../layers/mlp.js';
import { type RolloutLoss, rolloutProgram } from '../layers/rollout.js';
import { crpsOf, declareCrpsTarget, declareScalers } from './crps.js';
import {
  declareEdges,
  type EdgeProvider,
  joinTrained,
  nodeFeatureWidth,
  numCoordinates,
  numTrainedFeatures,
  provideEdges,
} from './edges.js';
import { declareMapperOfKind, type Mapper, type MapperContext, runMapperOfKind } from './mapper-kinds.js';
import { declareNoise, injectNoise, noiseChannels } from './noise.js';
import { networkOptions, readsMeshEdges } from './options.js';
import { declareProcessor, type Processor, runProcessor } from './processor.js';
import { cutRows, numCards, rowsOfAll } from './sharding.js';

interface NodeAttributes {
  /** Of all cards. */
  readonly rows: string;
  readonly ownRows: string;
  readonly fixed: ValueId;
  readonly trained: ValueId;
}

interface Networks {
  readonly grid: NodeAttributes;
  readonly mesh: NodeAttributes;
  readonly encoder: Mapper;
  readonly noise?: MlpParameters;
  /** Absent where the layers read no edges. */
  readonly processorEdges?: EdgeProvider;
  readonly processor: Processor;
  readonly decoder: Mapper;
}

interface Context extends MapperContext {
  readonly networks: Networks;
}

export function anemoiProgram(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  const networks = declareNetworks(builder, model, recipe);
  // Column numbers.
  for (const [side, kind] of [
    ['input', 'prognostic'],
    ['output', 'prognostic'],
    ['input', 'forcing'],
  ])
    builder.resident(`${kind} columns of the ${side}`, [axis(`${kind}Channels`)], int64Bytes);
  // The names of trained features of nodes and edges hold `trainable`, which anemoi's hook leaves alone.
  if (wrapsInDdp(model, recipe))
    builder.gradientBucket(
      [axis('parameterElements')],
      fullElementBytes(recipe),
      ({ value }) => !/trained/i.test(builder.values[value]!.name),
    );
  const context: Context = { builder, model, recipe, segmentation, networks, cards: numCards(recipe) };
  const step = (input: ValueId, rolloutStep: number, times: number) => modelFrame(context, input, rolloutStep, times);
  return rolloutProgram(builder, recipe, segmentation, step, lossFor(builder, model, recipe));
}

/** One card, or one model over several; data parallel brings its own buckets. */
export const wrapsInDdp = (model: Model, { mode, gpus, parallel }: Recipe): boolean =>
  mode === 'train' && networkOptions(model).strategy === 'ddp' && (gpus === 1 || parallel === 'model');

const shapesOfStructure = new Map<string, readonly Shape[]>();

/** The parameters' shapes, in symbols: the same at every width and on every graph. */
export function parameterShapes(model: Model, recipe: Recipe): readonly Shape[] {
  const { layout, layers, processor, mlpHiddenLayers, mlpRatio, own } = model;
  const { ensemble } = recipe;
  const structure = [layout, layers, processor, mlpHiddenLayers, mlpRatio === 1, own, ensemble !== undefined];
  const key = JSON.stringify([...structure, numCards(recipe) > 1]);
  let shapes = shapesOfStructure.get(key);
  if (shapes === undefined) {
    const builder = new ProgramBuilder();
    declareNetworks(builder, model, recipe);
    shapes = builder.parameters.map(({ value }) => builder.values[value]!.shape);
    shapesOfStructure.set(key, shapes);
  }
  return shapes;
}

/** Undefined: a mean squared error. */
function lossFor(builder: ProgramBuilder, model: Model, { mode, ensemble }: Recipe): RolloutLoss | undefined {
  const { loss: kind } = networkOptions(model);
  if (kind === 'mse' || mode === 'inference') return undefined;
  const crps = { kind, members: ensemble ?? 1, scalers: declareScalers(builder) };
  return { declareTarget: declareCrpsTarget, of: (prediction, target) => crpsOf(builder, prediction, target, crps) };
}

function declareNetworks(builder: ProgramBuilder, model: Model, recipe: Recipe): Networks {
  const { ensemble } = recipe;
  const cards = numCards(recipe);
  const rowsOf = (nodes: 'grid' | 'mesh') => rowsOfAll(`${nodes}Nodes`, cards);
  const coordinates = (nodes: 'grid' | 'mesh') =>
    builder.input(`${nodes}Coordinates`, [axis(rowsOf(nodes)), constant(numCoordinates)]);
  const hasOwnMesh = networkOptions(model).mapper !== 'point-wise';
  const fixed = { grid: coordinates('grid'), ...(hasOwnMesh && { mesh: coordinates('mesh') }) };
  const attributes = (nodes: 'grid' | 'mesh', module: 'grid2mesh' | 'mesh'): NodeAttributes => {
    const rows = rowsOf(nodes);
    const shape = [axis(rows), constant(numTrainedFeatures)];
    const trained = builder.parameter(`${nodes}.trainedNodeFeatures`, module, 'weight', shape);
    return { rows, ownRows: `${nodes}Nodes`, fixed: fixed[nodes]!, trained };
  };
  const grid = attributes('grid', 'grid2mesh');
  // Point-wise mappers: the hidden nodes are the data nodes.
  const mesh = hasOwnMesh ? attributes('mesh', 'mesh') : grid;
  const encoder = declareMapperOfKind(builder, 'grid2mesh', model, cards);
  const processorEdges = readsMeshEdges(model.processor) ? declareEdges(builder, 'mesh', 'mesh', cards) : undefined;
  const processor = declareProcessor(builder, model, ensemble === undefined ? undefined : noiseChannels);
  const decoder = declareMapperOfKind(builder, 'mesh2grid', model, cards);
  const noise = ensemble === undefined ? undefined : declareNoise(builder);
  return {
    grid,
    mesh,
    encoder,
    ...(noise && { noise }),
    ...(processorEdges && { processorEdges }),
    processor,
    decoder,
  };
}

/** Every card joins the features of all rows and goes on with its own. */
function joinedOfCard(
  builder: ProgramBuilder,
  frame: Frame,
  name: string,
  attributes: NodeAttributes,
  cards: number,
): ValueId {
  const joined = frame.set(name, joinTrained(builder, attributes, nodeFeatureWidth));
  return cards === 1 ? joined : frame.set(name, cutRows(builder, joined, attributes.ownRows, cards));
}

/** With noise a column says whether this is the first step of a forecast. */
function assembleInput({ builder, networks, cards }: Context, input: ValueId): ValueId {
  const { grid } = networks;
  const saysStep = networks.noise !== undefined;
  const [result] = builder.call({ name: 'assemble input', module: 'inputs' }, {}, (frame) => {
    const attributes = joinedOfCard(builder, frame, 'attributes', grid, cards);
    const rows = builder.emit(builder.values[input]!.shape, 'steps side by side', { kind: 'copy', input });
    const shape = builder.rows('gridNodes', 'encoderInput');
    const column = builder.rows('gridNodes', 'one');
    const step = saysStep ? [builder.emit(column, 'forecast step', { kind: 'generate', what: 'constant' })] : [];
    return [builder.join([rows, attributes, ...step], shape, 'join variables and attributes')];
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
function modelFrame(context: Context, input: ValueId, rolloutStep: number, times: number): ValueId {
  const { builder, model, recipe, networks, segmentation, cards } = context;
  const role = { kind: 'model', rolloutStep } as const;
  const spec = {
    name: 'model',
    role,
    times,
    module: 'other',
    recomputed: segmentation.model || segmentation.rollout,
  } as const;
  const [prediction] = builder.call(spec, { input }, (frame) => {
    const hidden = joinedOfCard(builder, frame, 'hidden', networks.mesh, cards);
    frame.set('grid', assembleInput(context, input));
    const provide = (name: string, provider: EdgeProvider | undefined) => {
      if (provider === undefined) return undefined;
      const edges = provideEdges(builder, provider, cards);
      frame.set(`${name} features`, edges.features);
      frame.set(`${name} index`, edges.index);
      return edges;
    };
    const encoderEdges = provide('encoder', networks.encoder.edges);
    const encoderState = { senders: frame.locals.get('grid')!, receivers: hidden, edges: encoderEdges };
    const [latent, grid] = runMapperOfKind(context, networks.encoder, encoderState, 'grid2mesh');
    frame.set('grid', grid!);
    frame.set('latent', latent!);
    const noise = networks.noise && frame.set('noise', injectNoise(builder, networks.noise, cards));
    const edges = provide('processor', networks.processorEdges);
    const blocks = segmentation.processorBlocksPerSegment;
    const call = {
      model,
      precision: recipe.precision,
      cards,
      layersPerChunk: blocks === undefined ? undefined : blocks / 2,
      numBlocks: segmentation.processorBlocks,
    };
    const given = { nodes: latent!, ...(edges && { edges }), ...(noise !== undefined && { condition: noise }) };
    const processed = frame.set('processed', runProcessor(builder, networks.processor, given, call));
    const skipped = frame.set('processed', builder.add(processed, latent!, 'latent skip'));
    const decoderEdges = provide('decoder', networks.decoder.edges);
    const decoderState = { senders: skipped, receivers: grid!, edges: decoderEdges };
    const [output] = runMapperOfKind(context, networks.decoder, decoderState, 'mesh2grid');
    frame.set('output', output!);
    return [assembleOutput(builder, output!, input)];
  });
  return prediction!;
}
