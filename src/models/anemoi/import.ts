/** anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e, training/src/anemoi/training/config), composed or the part that was changed. */
import { given } from '../../config/given.js';
import { type ModelProfile, readProfile } from '../../config/profiles.js';
import type { Precision } from '../../config/types.js';
import { type ImportedOptimizer, optimizerOf } from '../importing/optimizer.js';
import type { Settings } from '../importing/settings.js';
import { type Imported, type Importer, planOf } from '../importing/types.js';

const precisions: Readonly<Record<string, Precision>> = {
  '16-mixed': 'fp16',
  'bf16-mixed': 'bf16',
  '32-true': 'fp32',
  '32': 'fp32',
  'bf16-true': 'bf16-full',
};

/** A model file by itself has no `model.` before its keys. */
const inModel = (key: string): readonly [string, string] => [`model.${key}`, key];

function checkpointOf(settings: Settings, base: ModelProfile, layers: number): string | undefined {
  const isOn = (part: string) => settings.isOn(...inModel(`${part}.gradient_checkpointing`));
  const on = { encoder: isOn('encoder'), decoder: isOn('decoder'), processor: isOn('processor') };
  const chunks = settings.whole(...inModel('processor.num_chunks'));
  const mapperChunks = settings.whole(...inModel('encoder.num_chunks'));
  settings.whole(...inModel('decoder.num_chunks'));
  if ([...Object.values(on), chunks, mapperChunks].every((value) => value === undefined)) return undefined;
  const own = base.recipe.checkpoint ?? 'none';
  const ownChunks = base.model.layers / Number(/every=(\d+)/.exec(own)?.[1] ?? base.model.layers);
  const ownBlocks = Number(/blocks=(\d+)/.exec(own)?.[1] ?? 1);
  const blocks = mapperChunks ?? ownBlocks;
  if (layers % (chunks ?? ownChunks) !== 0)
    throw settings.wrong(
      settings.has('model.processor.num_chunks') ? 'model.processor.num_chunks' : 'processor.num_chunks',
      `must divide the ${layers} layers`,
      '2',
    );
  return planOf([
    (on.encoder ?? true) && 'encoder',
    (on.decoder ?? true) && 'decoder',
    (on.processor ?? true) && `processor:every=${layers / (chunks ?? ownChunks)}`,
    blocks > 1 && `edges:blocks=${blocks}`,
  ]);
}

function cardsOf(settings: Settings, { isSharded }: ImportedOptimizer): ModelProfile['recipe'] {
  const hardware = (key: string) => settings.whole(`system.hardware.${key}`, `hardware.${key}`);
  const perNode = hardware('num_gpus_per_node') ?? 1;
  const cards = (perNode * (hardware('num_nodes') ?? 1)) / (hardware('num_gpus_per_model') ?? 1);
  const zero = settings.isOn('training.zero_optimizer') || isSharded;
  return cards > 1 ? { gpus: Math.floor(cards), parallel: zero ? 'zero1' : 'data' } : {};
}

function notesOf(settings: Settings): readonly string[] {
  const notes: string[] = [];
  if (settings.keys.some((key) => key.startsWith('defaults')))
    notes.push('The files that defaults: names are not read: the profile stands in for what is not in this file.');
  if ((settings.whole('system.hardware.num_gpus_per_model', 'hardware.num_gpus_per_model') ?? 1) > 1)
    notes.push(
      'num_gpus_per_model above 1: anemoi’s model sharding is not priced; the model is priced whole on one card.',
    );
  if (settings.isOn(...inModel('cpu_offload')))
    notes.push('cpu_offload True is not priced: activations are counted on the card.');
  const strategy = settings.text('training.strategy._target_', 'strategy._target_') ?? '';
  if (/deepspeed|fsdp/i.test(strategy))
    notes.push(`strategy ${strategy} is not read: the cards share the work as in DistributedDataParallel.`);
  notes.push(
    'Grid and channels follow from anemoi’s data set, not from this file: give --grid, --input-channels and --output-channels.',
  );
  return notes;
}

function read(settings: Settings): Imported {
  const processor = settings.text(...inModel('processor._target_'));
  const transformer = processor ? processor.includes('Transformer') : settings.has(...inModel('processor.num_heads'));
  const name = transformer ? 'anemoi-graphtransformer' : 'anemoi-gnn';
  const base = readProfile<ModelProfile>('models', name);
  const layers = settings.whole(...inModel('processor.num_layers')) ?? base.model.layers;
  const extra = settings.whole(...inModel('processor.mlp_extra_layers'));
  for (const part of ['encoder', 'decoder']) {
    settings.whole(...inModel(`${part}.num_heads`));
    settings.decimal(...inModel(`${part}.mlp_hidden_ratio`));
    settings.whole(...inModel(`${part}.mlp_extra_layers`));
    settings.text(...inModel(`${part}._target_`));
  }
  const optimizer = optimizerOf(settings, 'training.optimization.optimizer', 'training.optimizer');
  const [cutoff] = settings.ending('cutoff_factor');
  return {
    base: name,
    model: given({
      hiddenDim: settings.whole(...inModel('num_channels')),
      layers,
      // The profiles have no extra layer.
      mlpHiddenLayers: extra === undefined ? undefined : base.model.mlpHiddenLayers + extra,
      heads: settings.whole(...inModel('processor.num_heads')),
      mlpRatio: settings.decimal(...inModel('processor.mlp_hidden_ratio')),
      meshLevel: settings.whole('graph.nodes.hidden.node_builder.resolution', 'nodes.hidden.node_builder.resolution'),
      radiusFraction: cutoff === undefined ? undefined : settings.decimal(cutoff),
      attentionBackend: settings.choice(
        { pyg: 'pyg', triton: 'triton' } as const,
        ...inModel('processor.graph_attention_backend'),
      ),
    }),
    recipe: {
      ...given({
        precision: settings.choice(precisions, 'training.precision', 'precision'),
        accumulate: settings.whole('training.accum_grad_batches', 'accum_grad_batches'),
        batchSize: settings.whole('dataloader.batch_size.training', 'dataloader.batch_size', 'batch_size.training'),
        rolloutSteps: settings.whole('task.rollout.start', 'training.rollout.start', 'rollout.start'),
        checkpoint: checkpointOf(settings, base, layers),
        optimizer: optimizer.optimizer,
      }),
      ...cardsOf(settings, optimizer),
    },
    notes: [...notesOf(settings), ...optimizer.notes],
  };
}

export const anemoi: Importer = {
  label: 'anemoi',
  recognizes: (settings) =>
    settings.has('model.num_channels', 'num_channels', 'training.precision', 'model.processor.num_layers'),
  read,
  // Of what is offloaded, nothing is known to leave memory alone.
  harmless:
    /^(?!.*offload).*?(?:^(defaults|data|diagnostics|system\.(input|output|paths)|hardware\.(paths|files)|paths|files|config_validation|hydra|job)\b|^dataloader\.(?!batch_size\.training|batch_size$|read_group_size)|(^|\.)(lr|gradient_clip|loss\w*|training_loss|validation_metrics|metrics|scalers|max_epochs|max_steps|run_id|fork_run_id|load_weights_only|deterministic|swa|strategy|variable_groups|num_sanity_val_steps|activation|_target_|_convert_|_recursive_|bounding|output_mask|residual|epoch_increment|maximum|max|timestep|multistep_output|x_hops|num_nearest_neighbours|edge_attributes|attributes|node_builder|overwrite|keep_batch_sharded|qk_norm|shard_strategy|layer_kernels|num_gpus_per_node|num_nodes|accelerator|source_name|target_name)(\.|$)|^training\.(optimization\.)?optimizer\.(betas|eps|weight_decay|nesterov)|(^|\.)(pl_)?lr_scheduler\.)/,
};
