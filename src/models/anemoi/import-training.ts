/** How it is trained, by anemoi's configuration: recipe, plan, cards, loss, averaging. */

import { shown } from '../../config/nearest.js';
import { given, type ModelProfile } from '../../config/profiles.js';
import type { Precision } from '../../config/types.js';
import { InputError } from '../../errors.js';
import type { ImportedOptimizer } from '../importing/optimizer.js';
import type { Settings } from '../importing/settings.js';
import { planOf } from '../importing/types.js';
import { type ImportedNetwork, keysOf, type Part } from './import-network.js';
import type { CrpsKind } from './options.js';

const precisions: Readonly<Record<string, Precision>> = {
  '16-mixed': 'fp16',
  'bf16-mixed': 'bf16',
  '32-true': 'fp32',
  '32': 'fp32',
  'bf16-true': 'bf16-full',
};

export function recipeOf(
  settings: Settings,
  optimizer: ImportedOptimizer,
  checkpoint: string | undefined,
  { ensemble }: ImportedNetwork,
): ModelProfile['recipe'] {
  return {
    ...given({
      precision: settings.for('precision').choice(precisions, 'training.precision', 'precision'),
      accumulate: settings.for('accumulate').whole('training.accum_grad_batches', 'accum_grad_batches'),
      batchSize: settings
        .for('batch')
        .whole('dataloader.batch_size.training', 'dataloader.batch_size', 'batch_size.training'),
      rolloutSteps: rolloutOf(settings).steps,
      checkpoint,
      optimizer: optimizer.optimizer,
      ensemble,
      ema: averagingOf(settings)?.isOnCard === true ? true : undefined,
    }),
    ...cardsOf(settings, optimizer),
  };
}

/** Chunks are cut from the layers at hand, also where the number of chunks is the shipped group's. */
export function checkpointOf(settings: Settings, base: ModelProfile, layers: number, hasMapperChunks: boolean): string {
  const view = settings.for('checkpoint');
  const isOn = (part: Part) => view.isOn(...keysOf(settings, part)('gradient_checkpointing'));
  const on = { encoder: isOn('encoder'), decoder: isOn('decoder'), processor: isOn('processor') };
  const chunkKeys = keysOf(settings, 'processor')('num_chunks');
  const chunks = view.whole(...chunkKeys);
  const [inEncoder, inDecoder] = (['encoder', 'decoder'] as const).map((part) =>
    view.whole(...keysOf(settings, part)('num_chunks')),
  );
  const differ = inEncoder !== undefined && inDecoder !== undefined && inEncoder !== inDecoder;
  if (hasMapperChunks && differ && !view.isTyped)
    throw new InputError(
      'not-priced',
      `${shown(settings.file)}: num_chunks ${inEncoder} in the encoder and ${inDecoder} in the decoder: one number for both is priced.`,
      [`--checkpoint encoder+decoder+edges:blocks=${Math.min(inEncoder, inDecoder)}`],
    );
  const own = base.recipe.checkpoint ?? 'none';
  const profiled = base.model.layers / Number(/every=(\d+)/.exec(own)?.[1] ?? base.model.layers);
  // The shipped group's, as far as they divide the layers at hand.
  const ownChunks = layers % profiled === 0 ? profiled : 1;
  const ownBlocks = Number(/blocks=(\d+)/.exec(own)?.[1] ?? 1);
  const blocks = inEncoder ?? inDecoder ?? ownBlocks;
  if (layers % (chunks ?? ownChunks) !== 0 && !view.isTyped)
    throw view.wrong(
      chunkKeys.find((key) => settings.has(key)) ?? chunkKeys[0]!,
      `must divide the ${layers} layers`,
      '2',
    );
  return planOf([
    (on.encoder ?? true) && 'encoder',
    (on.decoder ?? true) && 'decoder',
    (on.processor ?? true) && `processor:every=${layers / (chunks ?? ownChunks)}`,
    hasMapperChunks && blocks > 1 && `edges:blocks=${blocks}`,
  ]);
}

function cardsOf(settings: Settings, { isSharded }: ImportedOptimizer): ModelProfile['recipe'] {
  const hardware = (key: string) => settings.for('gpus').whole(`system.hardware.${key}`, `hardware.${key}`);
  const cards = (hardware('num_gpus_per_node') ?? 1) * (hardware('num_nodes') ?? 1);
  const perModel = hardware('num_gpus_per_model') ?? 1;
  // Models side by side hold what one holds.
  if (perModel > 1) return { gpus: perModel, parallel: 'model' };
  const zero = settings.isOn('training.zero_optimizer', 'training.optimizer.zero') || isSharded;
  return cards > 1 ? { gpus: Math.floor(cards), parallel: zero ? 'zero1' : 'data' } : {};
}

/** Where it starts is priced; a rollout that grows is said. */
export function rolloutOf(settings: Settings): {
  readonly steps: number | undefined;
  readonly note: string | undefined;
} {
  const key = (name: string) => [`task.rollout.${name}`, `training.rollout.${name}`, `rollout.${name}`];
  const steps = settings.for('rollout').whole(...key('start'));
  const view = settings.partOf('rollout');
  const growth = view.whole(...key('epoch_increment')) ?? 0;
  const maximum = view.whole(...key('maximum'), ...key('max'));
  if (growth === 0 || maximum === undefined || maximum <= (steps ?? 1)) return { steps, note: undefined };
  const note = `The rollout grows from ${steps ?? 1} to ${maximum} steps: where it starts is priced; --rollout ${maximum} prices where it ends.`;
  return { steps, note };
}

const crpsClasses: Readonly<Record<string, CrpsKind>> = {
  CRPS: 'crps',
  // Their names up to training 0.16.
  AlmostFairKernelCRPS: 'crps',
  KernelCRPS: 'crps-naive',
};

/** By its class, through the wrapper of several scales; any other than these is priced as a mean squared error. */
export function lossOf(
  settings: Settings,
  { ensemble }: ImportedNetwork,
): { readonly loss?: CrpsKind; readonly notes: readonly string[] } {
  if (ensemble === undefined && settings.text('training.training_loss.datasets.data._target_')?.includes('Multiscale'))
    return { notes: ['The loss scores members, and the model has no noise: priced as a mean squared error of one.'] };
  const at = 'training.training_loss';
  const ofClass = (pattern: RegExp) =>
    settings
      .ending('_target_')
      .flatMap((key) => (pattern.test(key) ? (settings.text(key)?.split('.').at(-1) ?? []) : []));
  const outer = ofClass(/^training\.training_loss\.(datasets\.[^.]+\.)?_target_$/);
  const isWrapped = outer.every((name) => name === 'MultiscaleLossWrapper');
  const names = isWrapped ? ofClass(/^training\.training_loss\..*per_scale_loss\._target_$/) : outer;
  const [first] = names.flatMap((name) => crpsClasses[name] ?? []);
  const isNaive = settings.ending('backend').some((key) => key.startsWith(at) && settings.text(key) === 'naive');
  const unpriced = names.filter((name) => crpsClasses[name] === undefined && name !== 'MSELoss');
  const isSmoothed = settings.keys.some((key) => key.includes('multiscale_config.'));
  return {
    ...(first && { loss: isNaive ? 'crps-naive' : first }),
    notes: [
      ...(unpriced.length > 0
        ? [
            `The loss is ${unpriced.join(' and ')}: priced as ${first ?? 'a mean squared error'}, its own arrays are not.`,
          ]
        : []),
      ...(isSmoothed ? ['The loss smooths over several scales: one is priced.'] : []),
    ],
  };
}

interface Averaging {
  readonly isOnCard: boolean;
  readonly note: string;
}

/**
 * Lightning's AveragedModel copies the module with its buffers to the model's device unless `device` says another; StochasticWeightAveraging
 * keeps its copy on the host by default (pytorch-lightning 2.6.6, callbacks/weight_averaging.py and stochastic_weight_avg.py).
 */
export function averagingOf(settings: Settings): Averaging | undefined {
  const name = settings.text('training.weight_averaging._target_')?.split('.').at(-1);
  const isOld = settings.isOn('training.swa.enabled') === true;
  if (name === undefined && !isOld) return undefined;
  const device = settings.text('training.weight_averaging.device');
  const isOnHost = isOld || name === 'StochasticWeightAveraging' ? !/cuda/.test(device ?? 'cpu') : device === 'cpu';
  const what = `Weight averaging (${name ?? 'training.swa.enabled'})`;
  return isOnHost
    ? { isOnCard: false, note: `${what} keeps its copy on the host: it costs the card nothing.` }
    : {
        isOnCard: true,
        note: `${what}: one more copy of the parameters on the card, as --ema. Its copy of the graph's buffers is not counted.`,
      };
}

/** Anemoi's own strategy for one card, or a model's file that names no training at all. */
export function runsAlone(settings: Settings): boolean {
  const strategy = settings.text('training.strategy._target_', 'strategy._target_') ?? '';
  return /SingleDevice/.test(strategy) || namesNoTraining(settings);
}

export const namesNoTraining = (settings: Settings): boolean =>
  settings.children('defaults').length === 0 && settings.children('training').length === 0 && !settings.has('strategy');
