/** anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e, training/src/anemoi/training/config). */
import { gridName } from '../../config/grid.js';
import type { Config, Model, Precision, ProcessorKind } from '../../config/types.js';
import type { Exported, Exporter, Value } from '../exporting/types.js';
import { keyReader, writeYaml } from '../exporting/write.js';
import { codeBaseOf, layoutOf } from '../index.js';
import { hiddenNoiseChannels, noiseChannels } from './noise.js';
import { type MapperKind, networkOptions, noWindow, runsRowAttention, shippedWindow } from './options.js';

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

/** Which classes, and what decides their arrays. */
function networkKeys(model: Model): readonly (readonly [string, Value])[] {
  const { mapper, windowSize, attentionImplementation, qkNorm } = networkOptions(model);
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
    // Hydra's null: every row is looked at.
    ...(isTransformer ? [['model.processor.window_size', windowSize === noWindow ? null : windowSize] as const] : []),
    ...(runsRowAttention(processor, mapper)
      ? attending
          .filter((part) => part !== false)
          .map((part) => [`model.${part}.attention_implementation`, implementations[attentionImplementation]] as const)
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

function meshKeys({ mesh, meshLevel }: Model): readonly (readonly [string, Value])[] {
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
    ...(mapper === 'transformer'
      ? []
      : [['model.encoder.num_chunks', numBlocks] as const, ['model.decoder.num_chunks', numBlocks] as const]),
    ...meshKeys(model),
    ['training.precision', precisions[recipe.precision]],
    ['training.accum_grad_batches', recipe.accumulate],
    ['dataloader.batch_size.training', recipe.batchSize],
    ['task.rollout.start', recipe.rolloutSteps],
  ]);
  const missing = [
    !isOurs && `the network of ${layoutOf(model.layout).label}`,
    checkpoint.model && 'one checkpoint around the whole model',
    checkpoint.rollout && 'recomputed rollout steps',
    processor.kind === 'segments' && `processor:segments=${processor.segments}`,
  ];
  return { keys, missing: missing.filter((text) => text !== false) };
}

/** Into a file that is there: classes that it leaves to its groups stay there, and so does what an absent key says anyway. */
function write(exported: Exported, original?: string): string {
  if (original === undefined) return writeYaml(exported);
  const says = keyReader(original);
  const isEntry = says('defaults');
  const isImplied = (key: string, value: Value) =>
    !says(key) && (key.endsWith('_target_') || absentSays(key, isEntry) === value);
  const keys = new Map([...exported.keys].filter(([key, value]) => !isImplied(key, value)));
  return writeYaml({ ...exported, keys }, original);
}

export const exporter: Exporter = { keysOf, write };
