/**
 * WeatherNext 2 (google-deepmind/weathernext 9c034db, fgn.py, architecture.py), a functional generative network: encoder and decoder of GraphCast's
 * kind around GenCast's transformer. A vector of normal noise per sample conditions every norm. Training runs several samples of every
 * example as one batch, and the loss compares them (CRPS).
 */
import type { Model, Recipe } from '../../config/types.js';
import { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Frame } from '../../ir/frame.js';
import { edgeRows } from '../../ir/row-shapes.js';
import type { Segmentation } from '../../ir/segmentation.js';
import { axis, constant } from '../../ir/shape.js';
import type { LinearParameters, ValueId } from '../../ir/types.js';
import { attentionOf } from '../gencast/blocks.js';
import { condition, embedded, type TransformerContext, withSum } from '../gencast/program.js';
import { transformer } from '../gencast/transformer.js';
import { callMlp, type MlpCall } from '../layers/mlp.js';
import { numEdgeFeatures } from '../layers/networks.js';
import { declareTarget, lossOf, timesOfSteps } from '../layers/rollout.js';
import { declareNetworks, type EdgeNetwork, type Networks, numMeshChannels, widths } from './networks.js';
import { declareResidents } from './residents.js';

type Bipartite = 'grid2mesh' | 'mesh2grid';
type Data = Readonly<Record<'gridInput' | 'meshNodes' | Bipartite, ValueId>>;

interface Context extends TransformerContext {
  readonly networks: Networks;
  readonly data: Data;
}

export function weathernext2Program(model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram {
  const builder = new ProgramBuilder();
  builder.stateResidents();
  builder.ensemble = true;
  const networks = declareNetworks(builder, model);
  const data = declareData(builder);
  const noise = builder.input('noise', builder.rows('one', 'one', widths.noise));
  declareResidents(builder, model, recipe);
  const attention = attentionOf(model);
  const call = (state: ValueId, rolloutStep: number, times: number): ValueId => {
    const role = { kind: 'model', rolloutStep } as const;
    const spec = { name: 'model', role, recomputed: segmentation.model || segmentation.rollout, times };
    const [prediction] = builder.call(spec, { state }, (frame) => {
      const code = frame.set('code', builder.linear(noise, networks.noise, 'code of the noise'));
      const inputs = { ...data, gridInput: state };
      return [forward({ builder, networks, segmentation, attention, code, data: inputs }, frame)];
    });
    return prediction!;
  };
  builder.call({ name: 'step' }, {}, (frame) => {
    frame.set('state', data.gridInput);
    const steps = timesOfSteps(recipe, segmentation);
    for (const [step, times] of steps.entries()) {
      const name = recipe.mode === 'train' ? 'prediction' : `prediction ${step}`;
      const prediction = frame.set(name, call(frame.locals.get('state')!, step, times));
      builder.predictions.push(prediction);
      if (recipe.mode === 'train') {
        const loss = frame.set('stepLoss', lossOf(builder, prediction, declareTarget(builder, step)));
        const total = frame.locals.get('total');
        frame.set('total', total === undefined ? loss : builder.add(total, loss, 'sum losses'));
      }
      const { shape } = builder.values[data.gridInput]!;
      if (step + 1 < steps.length) frame.set('state', builder.join([prediction, data.gridInput], shape, 'next input'));
    }
    builder.loss = frame.locals.get('total');
    return builder.loss === undefined ? builder.predictions : [builder.loss];
  });
  return builder.finish();
}

/** `[gridNodes, inputChannels] → [gridNodes, outputChannels]` */
function forward(context: Context, frame: Frame): ValueId {
  const { builder, data, networks } = context;
  const embed = (name: 'embedGridNodes' | 'embedMeshNodes', input: ValueId) =>
    frame.set(
      name,
      builder.call({ name, module: 'grid2mesh' }, { input }, () => [conditioned(context, name, input)])[0]!,
    );
  const grid0 = embed('embedGridNodes', data.gridInput);
  const [mesh, grid] = encoder(context, embed('embedMeshNodes', data.meshNodes), grid0);
  frame.set('grid', grid!);
  const updated = frame.set('mesh', transformer(context, mesh!));
  const decoded = frame.set('grid', decoder(context, updated, grid!));
  const head = () => [callMlp(builder, networks.head, decoded, swish('head'))];
  return builder.call({ name: 'head', module: 'mesh2grid' }, { decoded }, head)[0]!;
}

/** → mesh nodes, grid nodes */
function encoder(context: Context, mesh: ValueId, grid: ValueId): readonly ValueId[] {
  const { builder, networks, segmentation } = context;
  const spec = { role: { kind: 'encoder' }, module: 'grid2mesh', recomputed: segmentation.encoder } as const;
  return builder.call({ name: 'encoder', ...spec }, { mesh, grid }, (frame) => {
    const messages = frame.set('messages', edgeUpdate(context, networks.encoder, 'grid2mesh', grid, mesh));
    const both = frame.set('both', withSum(builder, 'grid2mesh', messages, mesh));
    const newMesh = builder.add(mesh, conditioned(context, 'encoderMeshNodes', both), 'mesh residual');
    frame.set('mesh', newMesh);
    const newGrid = builder.add(grid, conditioned(context, 'encoderGridNodes', grid), 'grid residual');
    return [newMesh, frame.set('grid', newGrid)];
  });
}

/** → grid nodes */
function decoder(context: Context, mesh: ValueId, grid: ValueId): ValueId {
  const { builder, networks, segmentation } = context;
  const spec = { role: { kind: 'decoder' }, module: 'mesh2grid', recomputed: segmentation.decoder } as const;
  const [updated] = builder.call({ name: 'decoder', ...spec }, { mesh, grid }, (frame) => {
    const messages = frame.set('messages', edgeUpdate(context, networks.decoder, 'mesh2grid', mesh, grid));
    const both = frame.set('both', withSum(builder, 'mesh2grid', messages, grid));
    return [builder.add(conditioned(context, 'decoderGridNodes', both), grid, 'grid residual')];
  });
  return updated!;
}

/** Messages `[edges, batch, hiddenDim]`. Rows of senders and receivers are multiplied before they are gathered. */
function edgeUpdate(
  context: Context,
  network: EdgeNetwork,
  set: Bipartite,
  senders: ValueId,
  receivers: ValueId,
): ValueId {
  const { builder, data } = context;
  const gathered = (end: 'senders' | 'receivers', nodes: ValueId, linear: LinearParameters) =>
    builder.gather(builder.linear(nodes, linear, `${end}, multiplied`), { edges: set, end }, `gather ${end}`);
  const sent = gathered('senders', senders, network.senders);
  // The same for all samples, until the noise of each makes of them rows of its own.
  const shared = embedded(context, network.embed, data[set], 'embedEdges');
  const perSample = builder.rows(edgeRows(set), 'one', widths.edges);
  const rows = condition(context, shared, network.embed.condition, perSample);
  let hidden = builder.add(builder.linear(rows, network.edges, 'edges, multiplied'), sent, 'edges and senders');
  if (network.receivers !== undefined)
    hidden = builder.add(hidden, gathered('receivers', receivers, network.receivers), 'edges, senders and receivers');
  const { shape } = builder.values[hidden]!;
  hidden = builder.emit(shape, 'linear 0', { kind: 'addBias', input: hidden, bias: network.bias });
  for (const [index, linear] of network.rest.entries())
    hidden = builder.linear(builder.activation('silu', hidden, 'activation', false), linear, `linear ${index + 1}`);
  return condition(context, builder.emit(shape, 'layer norm', { kind: 'normalize', input: hidden }), network.condition);
}

const swish = (of: MlpCall['of']): MlpCall => ({ of, recomputeActivation: false });

type NodeNetwork = 'embedGridNodes' | 'embedMeshNodes' | 'encoderMeshNodes' | 'encoderGridNodes' | 'decoderGridNodes';

function conditioned(context: Context, network: NodeNetwork, input: ValueId): ValueId {
  const of = network === 'embedGridNodes' || network === 'embedMeshNodes' ? network : 'nodes';
  const parameters = context.networks[network];
  return condition(context, embedded(context, parameters, input, of), parameters.condition);
}

/** Edge features have no sample axis. */
function declareData(builder: ProgramBuilder): Data {
  const features = (set: Bipartite) =>
    builder.input(`${set}EdgeFeatures`, [axis(edgeRows(set)), axis('one'), constant(numEdgeFeatures)]);
  return {
    grid2mesh: features('grid2mesh'),
    mesh2grid: features('mesh2grid'),
    meshNodes: builder.input('meshNodeChannels', builder.rows('meshNodes', 'one', numMeshChannels)),
    gridInput: builder.input('gridInput', builder.rows('gridNodes', 'inputChannels')),
  };
}
