/** What PyTorch can be asked for (torch 2.13: autocast, amp.GradScaler, fused and foreach optimizers of torch.optim, torch.distributed). */
import { offloadsOptimizer } from '../../config/offload.js';
import type { Optimizer, Recipe } from '../../config/types.js';
import { InputError } from '../../errors.js';
import type { RuntimeTraits } from '../traits.js';
import { pytorchLines } from './lines.js';

/** Which optimizers and offloads several cards and precisions go together with. @throws InputError */
function checkOptimizer(recipe: Recipe): void {
  if (recipe.mode === 'inference') return;
  checkLoop(recipe);
  if (recipe.gpus > 1) checkSharedState(recipe);
  if (offloadsOptimizer(recipe)) checkOffloadedOptimizer(recipe);
}

const withAmsgrad: readonly Optimizer[] = ['adamw', 'adamw-fused', 'adam'];

/** What a training loop may keep on the card beside the optimizer's moments. */
function checkLoop(recipe: Recipe): void {
  const { optimizer, amsgrad, ema, setToNone, gpus, parallel } = recipe;
  if (amsgrad && !withAmsgrad.includes(optimizer))
    throw new InputError(
      'conflicting-options',
      `--amsgrad: ${optimizer} has no second moment to keep the largest of.`,
      ['--optimizer adamw', 'Leave --amsgrad out.'],
    );
  const kept = [amsgrad && '--amsgrad', ema && '--ema', !setToNone && '--no-set-to-none'].filter(
    (flag) => flag !== false,
  );
  if (kept.length === 0) return;
  const where =
    gpus > 1 && parallel !== 'data'
      ? `--parallel ${parallel}`
      : offloadsOptimizer(recipe)
        ? `--offload ${recipe.offload}`
        : undefined;
  if (where !== undefined)
    throw new InputError(
      'not-priced',
      `${kept.join(' and ')} with ${where}: which part of it a card holds there is not known.`,
      [`Leave ${kept.join(' and ')} out.`, '--gpus 1 --offload none'],
    );
}

/** Factors belong to whole matrices, blocks and the 4,096 elements from which there are some to whole tensors. */
function checkSharedState({ optimizer, parallel }: Recipe): void {
  const ofWholeTensors = optimizer === 'adafactor' || optimizer === 'adamw-8bit';
  const cuts = parallel.startsWith('zero') || parallel === 'tensor';
  if (!ofWholeTensors || !cuts) return;
  throw new InputError(
    'not-priced',
    `--optimizer ${optimizer} with --parallel ${parallel}: its state belongs to whole tensors, which are cut there.`,
    ['--optimizer adamw', '--parallel data'],
  );
}

/** torchao's CPUOffloadOptimizer copies a gradient from a hook on its parameter, as soon as it has been added up on this card. */
function checkOffloadedOptimizer({ offload, gpus, parallel, precision }: Recipe): void {
  if (gpus > 1 && parallel !== 'pipeline')
    throw new InputError(
      'not-priced',
      `--offload ${offload} with --parallel ${parallel}: gradients go to the host before the cards have exchanged them.`,
      ['--offload none', '--gpus 1'],
    );
  if (precision === 'fp16')
    throw new InputError(
      'not-priced',
      `--offload ${offload} with --precision fp16: gradients go to the host before the loss scale is taken out of them.`,
      ['--precision bf16', '--offload none'],
    );
}

export const pytorchTraits: RuntimeTraits = {
  label: 'PyTorch',
  peakReading: 'torch.cuda.max_memory_reserved()',
  options: [
    'offload',
    'concatTrick',
    'recomputeActivation',
    'allocator',
    'pipelineSchedule',
    'attentionBackend',
    'amsgrad',
    'ema',
    'setToNone',
  ],
  precision: ['fp32', 'bf16', 'fp16', 'bf16-full'],
  withoutBf16: {
    title: (precision) => `${precision} (emulated)`,
    short: 'emulated, slowly',
    sentence: 'PyTorch emulates it, with the same bytes and slowly',
  },
  optimizer: ['adamw', 'adamw-fused', 'adam', 'adamw-8bit', 'adafactor', 'momentum', 'sgd', 'none'],
  parallel: ['none', 'data', 'zero1', 'zero2', 'zero3', 'pipeline', 'graph', 'tensor', 'model'],
  checkpointParts: [
    'encoder',
    'decoder',
    'model',
    'rollout',
    'processor:every',
    'processor:segments',
    'processor:blocks',
    'edges:blocks',
  ],
  replaysEveryRolloutStep: true,
  edgeBlocksNeedParts: false,
  isOurs: false,
  recordedBy: 'running',
  statistics: { max_memory_allocated: 'peakAllocatedBytes', max_memory_reserved: 'peakReservedBytes' },
  package: 'torch',
  pythonPackages: ['torch', 'torch-geometric'],
  verifiedBy: 'a capture',
  sharing: {
    data: 'DistributedDataParallel with buckets of 25 MiB beside the gradients',
    zero1: 'torch’s ZeroRedundancyOptimizer under DistributedDataParallel',
    zero2: 'FSDP’s SHARD_GRAD_OP with one unit per network',
    zero3: 'FSDP’s FULL_SHARD with one unit per network, two of them gathered at a time',
    graph: 'nodes by recursive coordinate bisection, edges with their receiver, the halo counted on the real mesh',
    tensor: 'every MLP split as in Megatron-LM; none of the code bases does it',
  },
  checkOptimizer,
  lines: pytorchLines,
};
