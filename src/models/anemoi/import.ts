/**
 * anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e and the releases 0.4 to 0.17 of anemoi-training): an entry file with its groups,
 * the composed file, or the part that was changed.
 */
import { given, type ModelProfile, readProfile } from '../../config/profiles.js';
import { optimizerOf } from '../importing/optimizer.js';
import type { Settings } from '../importing/settings.js';
import type { Imported, Importer } from '../importing/types.js';
import { isHarmless } from './harmless-keys.js';
import { graphOf, type ImportedGraph, needsMeshEdges } from './import-graph.js';
import { type ImportedNetwork, inModel, keysOf, networkOf, parts, sameInAllParts } from './import-network.js';
import { notesOf } from './import-notes.js';
import { averagingOf, checkpointOf, lossOf, recipeOf, rolloutOf, runsAlone } from './import-training.js';
import { type CrpsKind, joinsByEdges, type MapperKind } from './options.js';

/** A composed file without the key is of a release before 0.8, or written by hand: that code knows one way, torch_geometric's. */
function backendOf(settings: Settings, { base }: ImportedNetwork) {
  const keys = parts.flatMap((part) => keysOf(settings, part)('graph_attention_backend'));
  const value = settings.for('attention-backend').choice({ pyg: 'pyg', triton: 'triton' } as const, ...keys);
  const isComposed = settings.children('defaults').length === 0;
  if (value !== undefined || !isComposed || base === undefined || base === 'anemoi-gnn') return { value, notes: [] };
  const note = 'graph_attention_backend is not in the file: pyg, the one way of releases before 0.8.';
  return { value: 'pyg' as const, notes: settings.for('attention-backend').isTyped ? [] : [note] };
}

/** Diagnostic variables are outputs that no residual reaches; chunks that are recomputed are the plan's. */
function ownOf(
  settings: Settings,
  { model }: ImportedNetwork,
  layers: number | undefined,
  { coarsestScale }: ImportedGraph,
  loss: CrpsKind | undefined,
): ModelProfile['model']['own'] {
  const lists = settings.ending('diagnostic').filter((key) => /^data\./.test(key));
  const [diagnostic] = lists.map((key) => settings.value(key)).filter(Array.isArray);
  const ofProcessor = keysOf(settings, 'processor');
  const recomputes = settings.for('checkpoint').isOn(...ofProcessor('gradient_checkpointing')) ?? true;
  const chunks = recomputes ? undefined : settings.for('processor-chunks').whole(...ofProcessor('num_chunks'));
  const divides = chunks !== undefined && layers !== undefined && layers % chunks === 0;
  const own = {
    ...model.own,
    ...(lists.length === 1 && diagnostic && { diagnosticChannels: diagnostic.length }),
    ...(divides && { processorChunks: chunks }),
    ...(coarsestScale !== undefined && { coarsestScale }),
    ...(loss && { loss }),
    ...(runsAlone(settings) && { strategy: 'single' }),
  };
  return Object.keys(own).length === 0 ? undefined : own;
}

interface Read {
  readonly network: ImportedNetwork;
  readonly graph: ImportedGraph;
  /** The shipped profile of such a network; absent where the file does not say which it is. */
  readonly base: ModelProfile | undefined;
  readonly layers: number | undefined;
  /** Those typed, before those of the file. */
  readonly pricedLayers: number | undefined;
}

function modelOf(
  settings: Settings,
  { network, graph, base, layers, pricedLayers }: Read,
  attentionBackend: 'pyg' | 'triton' | undefined,
  loss: CrpsKind | undefined,
): Imported['model'] {
  const number = (flag: string, key: string) =>
    sameInAllParts(settings.for(flag), (view, keys) => view.whole(...keys), key);
  const extra = sameInAllParts(
    settings.partOf('mlp-hidden-layers'),
    (view, keys) => view.whole(...keys),
    'mlp_extra_layers',
  );
  const [cutoff] = settings.ending('cutoff_factor');
  const ofParts = number('hidden-dim', 'num_channels');
  return given({
    ...network.model,
    own: ownOf(settings, network, pricedLayers, graph, loss),
    hiddenDim: settings.for('hidden-dim').whole(...inModel('num_channels')) ?? ofParts,
    layers,
    // The shipped groups have no extra layer.
    mlpHiddenLayers: extra === undefined || base === undefined ? undefined : base.model.mlpHiddenLayers + extra,
    heads: number('heads', 'num_heads'),
    mlpRatio: sameInAllParts(settings.for('mlp-ratio'), (view, keys) => view.decimal(...keys), 'mlp_hidden_ratio'),
    meshLevel: graph.meshLevel,
    mesh: graph.mesh,
    grid: graph.grid,
    radiusFraction: cutoff === undefined ? undefined : settings.for('radius-fraction').decimal(cutoff),
    attentionBackend,
  });
}

const ownCounts =
  'its five counts, --grid-nodes N --mesh-nodes N --mesh-edges N --grid2mesh-edges N --mesh2grid-edges N';

const asksOf = (network: ImportedNetwork, { isOtherMesh, isOtherGrid }: ImportedGraph): Imported['asks'] => ({
  layers: '--layers N   model.processor.num_layers',
  hiddenDim: '--hidden-dim N   model.num_channels',
  mesh: `--mesh-level N${needsMeshEdges(network) ? '' : ', or --mesh o96'}   graph.nodes.hidden.node_builder.resolution of TriNodes${isOtherMesh ? `; another graph: ${ownCounts}` : ''}`,
  grid: `--grid LATxLON, or --grid o96   the data set decides: anemoi-datasets inspect, or data.resolution${isOtherGrid ? `; another grid: ${ownCounts}` : ''}`,
  inputChannels:
    '--input-channels N   input steps × (prognostic + forcing variables): anemoi-datasets inspect, data.forcing',
  outputChannels: '--output-channels N   prognostic + diagnostic variables: anemoi-datasets inspect, data.diagnostic',
});

function read(settings: Settings): Imported {
  const network = networkOf(settings);
  const base = network.base === undefined ? undefined : readProfile<ModelProfile>('models', network.base);
  const layers = settings.for('layers').whole(...keysOf(settings, 'processor')('num_layers'));
  const graph = graphOf(settings, network);
  const backend = backendOf(settings, network);
  const optimizer = optimizerOf(settings, 'training.optimization.optimizer', 'training.optimizer');
  const pricedLayers = settings.typedNumber('layers') ?? layers;
  const averaging = averagingOf(settings);
  const loss = lossOf(settings, network);
  const rollout = rolloutOf(settings).note;
  const mapper = network.model.own?.mapper as MapperKind | undefined;
  const hasChunks = mapper === undefined || joinsByEdges(mapper);
  const checkpoint = base && checkpointOf(settings, base, pricedLayers ?? base.model.layers, hasChunks);
  return {
    base: network.base,
    otherwise: [...(graph.isOtherMesh ? (['mesh'] as const) : []), ...(graph.isOtherGrid ? (['grid'] as const) : [])],
    model: modelOf(settings, { network, graph, base, layers, pricedLayers }, backend.value, loss.loss),
    recipe: recipeOf(settings, optimizer, checkpoint, network),
    notes: [
      ...network.notes,
      ...graph.notes,
      ...backend.notes,
      ...(rollout === undefined ? [] : [rollout]),
      ...(averaging === undefined ? [] : [averaging.note]),
      ...loss.notes,
      ...notesOf(settings),
    ],
    asks: asksOf(network, graph),
  };
}

export const anemoi: Importer = {
  label: 'anemoi',
  bases: ['anemoi-gnn', 'anemoi-graphtransformer', 'anemoi-transformer'],
  recognizes: (settings) =>
    settings.has(
      ...['model.num_channels', 'num_channels', 'model.processor.num_layers', 'model.processor._target_'],
      ...['training.precision', 'training.accum_grad_batches', 'dataloader.batch_size.training', 'data.resolution'],
      ...[
        'graph.nodes.hidden.node_builder._target_',
        'system.hardware.num_gpus_per_model',
        'hardware.num_gpus_per_model',
      ],
      ...['defaults.model', 'defaults.graph', 'defaults.training'],
    ) || settings.keys.some((key) => settings.text(key)?.startsWith('anemoi.') ?? false),
  read,
  isHarmless,
};
