/** What a recipe says where neither the profile nor the user does. */
import { noCheckpoint } from './checkpoint.js';
import type { Recipe } from './types.js';

export const defaultRecipe: Recipe = {
  precision: 'fp32',
  mode: 'train',
  batchSize: 1,
  accumulate: 1,
  rolloutSteps: 1,
  optimizer: 'adamw',
  checkpoint: noCheckpoint,
  offload: 'none',
  concatTrick: 'off',
  recomputeActivation: false,
  allocator: 'native',
  // xla/pjrt and the JAX documentation (gpu_memory_allocation): 75 % of the card is preallocated.
  memFraction: 0.75,
  xlaGemm: 'auto',
  tape: 'plain',
  gpus: 1,
  parallel: 'none',
  pipelineSchedule: '1f1b',
};
