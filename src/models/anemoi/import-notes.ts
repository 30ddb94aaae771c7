/** What anemoi's configuration says and these numbers do not follow. */
import type { Settings } from '../importing/settings.js';
import { inModel, keysOf, parts } from './import-network.js';
import { namesNoTraining } from './import-training.js';

export function notesOf(settings: Settings): readonly string[] {
  const notes: string[] = [];
  const missing = settings
    .children('missing')
    .filter((name) => /^(model|graph|training|dataloader|task|system|hardware)\//.test(name));
  if (missing.length > 0)
    notes.push(
      `Neither beside the file nor shipped with anemoi-training: ${missing.join(', ')}. The composed file has all: anemoi-training config dump.`,
    );
  if (namesNoTraining(settings) && !settings.for('strategy').isTyped)
    notes.push(
      'The file has no training section, so no strategy: --strategy ddp counts the bucket and the hook of anemoi’s own.',
    );
  notes.push(...shardingNotes(settings));
  const gpus = (key: string) => settings.whole(`system.hardware.${key}`, `hardware.${key}`) ?? 1;
  if (gpus('num_gpus_per_ensemble') > gpus('num_gpus_per_model'))
    notes.push(
      'num_gpus_per_ensemble: the members of other cards are gathered for the loss, which sees them all: those of one card are priced.',
    );
  const offloads = parts.map((part) => settings.isOn(...keysOf(settings, part)('cpu_offload')));
  if (settings.isOn(...inModel('cpu_offload')) || offloads.includes(true))
    notes.push('cpu_offload True is not priced: activations are counted on the card.');
  if (settings.isOn(...inModel('model.latent_skip'), ...inModel('latent_skip')) === false)
    notes.push('latent_skip False is priced as True.');
  const strategy = settings.text('training.strategy._target_', 'strategy._target_') ?? '';
  if (/deepspeed|fsdp/i.test(strategy))
    notes.push(`strategy ${strategy} is not read: the cards share the work as in DistributedDataParallel.`);
  return [...notes, ...validationNotes(settings), ...trainableNotes(settings)];
}

/** What is cut otherwise than the shipped groups say. */
function shardingNotes(settings: Settings): readonly string[] {
  const cards = settings.whole('system.hardware.num_gpus_per_model', 'hardware.num_gpus_per_model') ?? 1;
  if (cards === 1) return [];
  const byHeads = parts.filter((part) => settings.text(...keysOf(settings, part)('shard_strategy')) === 'heads');
  return [
    `num_gpus_per_model ${cards}: one model over ${cards} cards; more models side by side hold as much each.`,
    ...(byHeads.length > 0 ? [`shard_strategy heads (${byHeads.join(', ')}) is priced as edges.`] : []),
    ...(settings.isOn(...inModel('keep_batch_sharded')) === false
      ? ['keep_batch_sharded False is priced as True: every card then holds the whole batch as well.']
      : []),
  ];
}

/** Trained features of nodes and edges, as every shipped group has them. */
const numTrained = 8;

function trainableNotes(settings: Settings): readonly string[] {
  const parents = ['trainable_parameters', 'node_trainable_parameters', 'edge_trainable_parameters'].flatMap(inModel);
  const others = parents.flatMap((parent) =>
    settings.children(parent).flatMap((name) => {
      const size = settings.whole(`${parent}.${name}`);
      return size === undefined || size === numTrained ? [] : [`${name} ${size}`];
    }),
  );
  for (const part of parts) {
    const size = settings.whole(...keysOf(settings, part)('trainable_size'));
    if (size !== undefined && size !== numTrained) others.push(`${part} ${size}`);
  }
  return others.length === 0 ? [] : [`Trained features (${others.join(', ')}) are priced as ${numTrained} each.`];
}

/** It keeps nothing, and optimizer states and the last gradients lie beside it: larger batches of fine grids can need more than training. */
function validationNotes(settings: Settings): readonly string[] {
  const view = settings.partOf('batch');
  const training = view.whole('dataloader.batch_size.training') ?? 1;
  const validation = view.whole('dataloader.batch_size.validation');
  if (validation === undefined || validation <= training) return [];
  return [
    `Validation has batch ${validation} and no gradients, and is not in these numbers: --validation-batch ${validation} counts it, and it may be the peak.`,
  ];
}
