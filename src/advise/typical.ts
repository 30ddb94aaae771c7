/** A few alternatives of each strategy, where there is no time for all of them. */
import type { Config } from '../config/types.js';
import { catalogue } from './index.js';
import { checkpointProcessor } from './strategies/recompute.js';
import type { Change, Strategy } from './types.js';

/** About the square root of the usual depths: fewer layers keep more states, more layers are alive together. */
const layersPerSegment = (layers: number): number => (layers < 8 ? 2 : 4);
const edgeBlocks = 8;

function isTypical({ checkpoint, recipe }: Change, layers: number): boolean {
  const processor = checkpoint?.processor;
  if (processor?.kind === 'every') return processor.layers === layersPerSegment(layers);
  if (processor?.kind === 'segments') return processor.segments * layersPerSegment(layers) === layers - 2;
  if (checkpoint?.edges && checkpoint.edges.kind !== 'none') return checkpoint.edges.blocks === edgeBlocks;
  return recipe?.concatTrick !== 'eager';
}

export const typicalStrategies: readonly Strategy[] = catalogue
  .filter(({ numerics, aside }) => numerics === 'same' && !aside)
  .map((strategy) => ({
    ...strategy,
    changes: (config) => strategy.changes(config).filter((change) => isTypical(change, config.model.layers)),
  }));

/** The processor cut into segments of the usual size. */
export const usualCutOf = (config: Config): Change | undefined =>
  checkpointProcessor
    .changes(config)
    .find((change) => change.checkpoint?.processor?.kind !== 'none' && isTypical(change, config.model.layers));
