/** anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e, training/src/anemoi/training/config). */
import { gridName, isReducedGaussian } from '../../config/grid.js';
import type { Config, Model, Precision, ProcessorKind } from '../../config/types.js';
import type { Exported, Exporter, GrowableCheckpoint, Value } from '../exporting/types.js';
import { keyReader, writeYaml } from '../exporting/write.js';
import { codeBaseOf, layoutOf } from '../index.js';
import { groupSays } from './composition.js';
import { hiddenNoiseChannels, noiseChannels } from './noise.js';
import {
  everyRow,
  joinsByEdges,
  type MapperKind,
  networkOptions,
  noWindow,
  runsRowAttention,
  shippedWindow,
} from './options.js';

const precisions: Readonly<Record<Precision, string>> = {
  fp32: '32-true',
  bf16: 'bf16-mixed',
  fp16: '16-mixed',
  'bf16-full': 'bf16-true',
};

const processorClasses: Readonly<Partial<Record<ProcessorKind, string>>> = {
  interaction: 'GNN',
  attention: 'GraphTransformer',
  transformer: 'Transformer',
  'point-wise': 'PointWiseMLP',
};
const mapperClasses: Readonly<Record<MapperKind, string>> = {
  gnn: 'GNN',
  graphtransformer: 'GraphTransformer',
  transformer: 'Transformer',
  'point-wise': 'PointWise',
};
const layers = 'anemoi.models.layers';
const implementations = { flash: 'flash_attention', sdpa: 'scaled_dot_product_attention' } as const;

/** What a key says that is not there: the shipped group's value, or of a composed file the older releases'. */
const absentSays = (key: string, isEntry: boolean): Value | undefined => {
  const said: Readonly<Record<string, Value>> = {
    window_size: shippedWindow,
    attention_implementation: implementations.flash,
    qk_norm: false,
    graph_attention_backend: isEntry ? 'triton' : 'pyg',
  };
  return said[key.split('.').at(-1)!];
};

/** No window is null, and for mappers with flash-attn -1, as the shipped group has it; SDPA makes a mask of all pairs for -1. */
const windowIn = (size: number, kind: keyof typeof implementations): Value =>
  size === everyRow ? -1 : size !== noWindow ? size : kind === 'flash' ? -1 : null;

/** Which classes, and what decides their arrays. */
function networkKeys(model: Model): readonly (readonly [string, Value])[] {
  const { mapper, windowSize, mapperWindowSize, attentionImplementation, qkNorm } = networkOptions(model);
  const { processor } = model;
  const mapperClass = mapperClasses[mapper];
  const isTransformer = processor === 'transformer';
  const readsGraph = [processor === 'attention' && 'processor', mapper === 'graphtransformer' && 'encoder'];
  if (mapper === 'graphtransformer') readsGraph.push('decoder');
  const attending = [
    isTransformer && 'processor',
    ...(mapper === 'transformer' ? (['encoder', 'decoder'] as const) : []),
  ];
  return [
    ['model.processor._target_', `${layers}.processor.${processorClasses[processor]}Processor`],
    ['model.encoder._target_', `${layers}.mapper.${mapperClass}ForwardMapper`],
    ['model.decoder._target_', `${layers}.mapper.${mapperClass}BackwardMapper`],
    ...(isTransformer ? [['model.processor.window_size', windowIn(windowSize, 'sdpa')] as const] : []),
    ...(runsRowAttention(processor, mapper)
      ? attending
          .filter((part) => part !== false)
          .map((part) => [`model.${part}.attention_implementation`, implementations[attentionImplementation]] as const)
      : []),
    ...(mapper === 'transformer'
      ? (['encoder', 'decoder'] as const).map(
          (part) => [`model.${part}.window_size`, windowIn(mapperWindowSize, attentionImplementation)] as const,
        )
      : []),
    ...(isTransformer || processor === 'attention' ? [['model.processor.qk_norm', qkNorm] as const] : []),
    ...readsGraph
      .filter((part) => part !== false)
      .map((part) => [`model.${part}.graph_attention_backend`, model.attentionBackend] as const),
  ];
}

const noiseKeys = (members: number): readonly (readonly [string, Value])[] => [
  ['model.model._target_', 'anemoi.models.models.AnemoiEnsModelEncProcDec'],
  ['model.noise_injector._target_', `${layers}.ensemble.NoiseConditioning`],
  ['model.noise_injector.noise_channels_dim', noiseChannels.factor],
  ['model.noise_injector.noise_mlp_hidden_dim', hiddenNoiseChannels.factor],
  ['training.ensemble_size_per_device', members],
];

function meshKeys(model: Model): readonly (readonly [string, Value])[] {
  const { mesh, meshLevel } = model;
  if (networkOptions(model).mapper === 'point-wise') return [];
  const builder = 'graph.nodes.hidden.node_builder';
  if (mesh === undefined)
    return [
      [`${builder}._target_`, 'anemoi.graphs.nodes.TriNodes'],
      [`${builder}.resolution`, meshLevel],
    ];
  return [
    [`${builder}._target_`, 'anemoi.graphs.nodes.ReducedGaussianGridNodes'],
    [`${builder}.grid`, gridName(mesh)],
  ];
}

function keysOf({ model, recipe }: Config): Exported {
  const { checkpoint } = recipe;
  const { processor, edges } = checkpoint;
  const isOurs = codeBaseOf(model.layout).name === 'anemoi';
  const { mapper, processorChunks } = networkOptions(model);
  const hasHeads = model.processor === 'attention' || model.processor === 'transformer';
  const chunks = processor.kind === 'every' ? model.layers / processor.layers : processorChunks;
  const numBlocks = edges.kind === 'none' ? 1 : edges.blocks;
  const keys = new Map<string, Value>([
    ['model.num_channels', model.hiddenDim],
    ['model.processor.num_layers', model.layers],
    ...(hasHeads ? [['model.processor.num_heads', model.heads] as const] : []),
    ...(isOurs ? networkKeys(model) : []),
    ...(recipe.ensemble === undefined ? [] : noiseKeys(recipe.ensemble)),
    ['model.processor.gradient_checkpointing', processor.kind === 'every'],
    ...(processor.kind === 'every' || chunks > 1 ? [['model.processor.num_chunks', chunks] as const] : []),
    ['model.encoder.gradient_checkpointing', checkpoint.encoder],
    ['model.decoder.gradient_checkpointing', checkpoint.decoder],
    ...(isOurs && !joinsByEdges(mapper)
      ? []
      : [['model.encoder.num_chunks', numBlocks] as const, ['model.decoder.num_chunks', numBlocks] as const]),
    ...meshKeys(model),
    ['training.precision', precisions[recipe.precision]],
    ['training.accum_grad_batches', recipe.accumulate],
    ['dataloader.batch_size.training', recipe.batchSize],
    ['task.rollout.start', recipe.rolloutSteps],
    ...(recipe.ema
      ? [['training.weight_averaging._target_', 'pytorch_lightning.callbacks.EMAWeightAveraging'] as const]
      : []),
    ...(isOurs && networkOptions(model).strategy === 'single'
      ? [['training.strategy._target_', 'anemoi.training.distributed.single.SingleDeviceStrategy'] as const]
      : []),
    ...(recipe.parallel === 'model' && recipe.gpus > 1
      ? [['system.hardware.num_gpus_per_model', recipe.gpus] as const]
      : []),
    ...lossKeys(model, recipe),
    ...(isReducedGaussian(model.grid) ? [[resolution, gridName(model.grid)] as const] : []),
  ]);
  const missing = [
    !isOurs && `the network of ${layoutOf(model.layout).label}`,
    checkpoint.model && 'one checkpoint around the whole model',
    checkpoint.rollout && 'recomputed rollout steps',
    model.own?.coarsestScale === 0 && 'the edges of refinement 0: scale_resolutions null in graph.edges',
    model.counts !== undefined && 'a graph of one’s own: its file as system.input.graph, with graph: existing',
    processor.kind === 'segments' && `processor:segments=${processor.segments}`,
  ];
  return { keys, missing: missing.filter((text) => text !== false) };
}

/** Of the shipped group `training/ensemble` where the file says no other. */
function lossKeys(model: Model, { ensemble }: Config['recipe']): readonly (readonly [string, Value])[] {
  const { loss } = networkOptions(model);
  const at = 'training.training_loss.datasets.data';
  if (ensemble === undefined && loss === 'mse') return [];
  if (loss === 'mse') return [[`${at}._target_`, 'anemoi.training.losses.MSELoss']];
  const crps: readonly (readonly [string, Value])[] = [
    [`${at}._target_`, 'anemoi.training.losses.MultiscaleLossWrapper'],
    [`${at}.per_scale_loss._target_`, 'anemoi.training.losses.CRPS'],
  ];
  return loss === 'crps-naive' ? [...crps, [`${at}.per_scale_loss.backend`, 'naive']] : crps;
}

const resolution = 'data.resolution';

/** The part that the shipped groups call by a number since training 0.17. */
const inNewLayout = (key: string, name = '0'): string =>
  key.replace(/^model\.(encoder|decoder)\./, `model.$1s.${name}.mapper.`);

type Groups = ReadonlyMap<string, string>;

/** The shipped groups that come nearest, by the keys of the network itself. */
function groupsOf(keys: Exported['keys']): Groups {
  const className = (part: string) =>
    String(keys.get(`model.${part}._target_`) ?? '')
      .split('.')
      .at(-1)!;
  const isEnsemble = keys.has('model.noise_injector._target_');
  const processors: Readonly<Record<string, string>> = {
    GNNProcessor: 'gnn',
    GraphTransformerProcessor: 'graphtransformer',
    TransformerProcessor:
      className('encoder') === 'TransformerForwardMapper' ? 'transformer_transformermapper' : 'transformer',
    PointWiseMLPProcessor: 'point_wise',
  };
  const network = processors[className('processor')];
  const hasOwnGroup = network === 'transformer' || network === 'graphtransformer';
  const isPointWise = className('encoder') === 'PointWiseForwardMapper';
  const hasLatentGrid = keys.has('graph.nodes.hidden.node_builder.grid');
  return new Map([
    ['data', 'zarr'],
    ['dataloader', 'native_grid'],
    ['diagnostics', isEnsemble ? 'evaluation_ens' : 'evaluation'],
    ['system', 'example'],
    ['graph', isPointWise ? 'point_wise' : hasLatentGrid ? 'encoder_decoder_only' : 'multi_scale'],
    ...(network ? [['model', isEnsemble && hasOwnGroup ? `${network}_ens` : network] as const] : []),
    ['task', 'forecaster'],
    ['training', isEnsemble ? 'ensemble' : 'single'],
  ]);
}

/** An entry file: the groups, and over them what they do not say. */
function writeEntry({ keys, missing }: Exported): string {
  const groups = groupsOf(keys);
  const own = [...keys]
    .map(([key, value]) => [inNewLayout(key), value] as const)
    .filter(([key, value]) => {
      const group = key.split('.')[0]!;
      return !groupSays(`${group}/${groups.get(group)}`, key, value);
    });
  const list = [...groups].map(([group, option]) => `  - ${group}: ${option}`);
  const head = missing.map((text) => `# no key for ${text}\n`).join('');
  const values = own.length === 0 ? '' : `\n${writeYaml({ keys: new Map(own), missing: [] })}`;
  return `${head}defaults:\n${[...list, '  - _self_'].join('\n')}\n${values}`;
}

/** Into a file that is there: in its layout; classes that it leaves to its groups stay there, and so does what an absent key says anyway. */
function write(exported: Exported, original?: string): string {
  if (original === undefined) return writeEntry(exported);
  const says = keyReader(original);
  const isEntry = says('defaults');
  const layout = /^\s+encoders:\s*\n\s+["']?(\w+)["']?:/m.exec(original);
  const isOld = says('model.encoder') || says('encoder');
  const named = (key: string) => (isOld || (layout === null && !isEntry) ? key : inNewLayout(key, layout?.[1]));
  const isImplied = (key: string, value: Value) =>
    !says(key) && (key.endsWith('_target_') || key === resolution || absentSays(key, isEntry) === value);
  const keys = new Map(
    [...exported.keys]
      .map(([key, value]) => [named(key), value] as const)
      .filter(([key, value]) => !isImplied(key, value)),
  );
  return writeYaml({ ...exported, keys }, original);
}

/** Networks of one kind throughout, as `grow.ts` knows them. */
function checkpoint({ model, recipe }: Config): GrowableCheckpoint | undefined {
  const { mapper } = networkOptions(model);
  if (recipe.ensemble !== undefined) return undefined;
  if (model.processor === 'interaction' && mapper === 'gnn') return { ending: 'pt' };
  if (model.processor !== 'attention' || mapper !== 'graphtransformer') return undefined;
  return { ending: 'pt', flags: `--heads ${model.heads}` };
}

export const exporter: Exporter = { keysOf, write, ending: 'yaml', checkpoint };
