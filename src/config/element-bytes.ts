import type { Recipe } from './types.js';

/** Of parameters, gradients and optimizer state, and of the rows between layers: LayerNorm returns fp32 in mixed precision. */
export const fullElementBytes = ({ precision }: Pick<Recipe, 'precision'>): 2 | 4 =>
  precision === 'bf16-full' ? 2 : 4;
