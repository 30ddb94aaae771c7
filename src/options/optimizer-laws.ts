/** Which optimizers and offloads PyTorch's several cards and precisions go together with. */

import { offloadsOptimizer } from '../config/offload.js';
import type { Recipe, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';

/** @throws InputError */
export function checkOptimizer(recipe: Recipe, runtime: RuntimeName): void {
  if (runtime !== 'pytorch' || recipe.mode === 'inference') return;
  if (recipe.gpus > 1) checkSharedState(recipe);
  if (offloadsOptimizer(recipe)) checkOffloadedOptimizer(recipe);
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
