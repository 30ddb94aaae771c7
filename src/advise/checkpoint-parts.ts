/** What the strategies that recompute have in common. */
import { noCheckpoint } from '../config/checkpoint.js';
import type { Config } from '../config/types.js';
import { isLawful } from './apply.js';
import type { Change } from './types.js';

export const trains = ({ recipe }: Pick<Config, 'recipe'>): boolean => recipe.mode === 'train';

/** Whether the runtime can recompute the part in this model, whatever else is recomputed. */
export function hasPart(config: Config, part: 'encoder' | 'decoder' | 'model' | 'rollout'): boolean {
  return trains(config) && isLawful({ ...noCheckpoint, [part]: true }, config);
}

/** Switches one part on or off. */
export const togglesPart =
  (part: 'encoder' | 'decoder' | 'model' | 'rollout') =>
  (config: Config): readonly Change[] =>
    hasPart(config, part) ? [{ checkpoint: { [part]: !config.recipe.checkpoint[part] } }] : [];
