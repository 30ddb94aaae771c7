import { noCheckpoint } from '../config/checkpoint.js';
import type { CheckpointPlan, Config } from '../config/types.js';
import { isLawful } from './apply.js';
import { trains } from './checkpoint-parts.js';
import type { Change, Strategy } from './types.js';

/** Powers of two, as anemoi recommends for its chunks. */
export const blockCounts = [2, 4, 8, 16, 32] as const;

/** JAX cuts inside the recomputed encoder and decoder: both come along. Whatever else is recomputed, another change may take it back. */
function changes(config: Config): readonly Change[] {
  if (!trains(config)) return [];
  const { checkpoint } = config.recipe;
  const parts = config.runtime === 'jax' ? { encoder: true, decoder: true, model: false } : {};
  const plans = blockCounts.map((blocks): Partial<CheckpointPlan> => ({ ...parts, edges: { kind: 'scan', blocks } }));
  const none: readonly Partial<CheckpointPlan>[] =
    checkpoint.edges.kind === 'none' ? [] : [{ edges: { kind: 'none' } }];
  return [...none, ...plans]
    .filter((plan) => isLawful({ ...noCheckpoint, ...parts, ...plan }, config))
    .filter(({ edges }) => JSON.stringify(edges) !== JSON.stringify(checkpoint.edges))
    .map((plan) => ({ checkpoint: plan }));
}

export const edgeBlocks: Strategy = {
  id: 'edge-blocks',
  touches: 'plan',
  describe: 'Cuts the edge update of encoder and decoder into blocks, so that one block’s arrays are alive at a time.',
  cost: 'One more forward pass of these edge updates, in smaller products; sums in another order.',
  numerics: 'same',
  changes,
  // Only a code base that cuts its edges has a line for it.
  code: () => [],
};
