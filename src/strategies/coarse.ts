/** A few alternatives of each strategy: for a first line in `estimate`, where there is no time for all of them. */
import { catalogue } from './index.js';
import type { Change, Strategy } from './types.js';

/** About the square root of the usual depths, and half of it: beyond, either the kept states or the layers inside rule. */
const layersPerSegment: readonly number[] = [2, 4];
const edgeBlocks = 8;

function isTypical({ checkpoint, recipe }: Change, layers: number): boolean {
  const processor = checkpoint?.processor;
  if (processor?.kind === 'every') return layersPerSegment.includes(processor.layers);
  if (processor?.kind === 'segments')
    return layersPerSegment.some((count) => processor.segments * count === layers - 2);
  if (checkpoint?.edges && checkpoint.edges.kind !== 'none') return checkpoint.edges.blocks === edgeBlocks;
  return recipe?.concatTrick !== 'eager';
}

export const typicalStrategies: readonly Strategy[] = catalogue
  .filter(({ numerics, aside }) => numerics === 'same' && !aside)
  .map((strategy) => ({
    ...strategy,
    changes: (config) => strategy.changes(config).filter((change) => isTypical(change, config.model.layers)),
  }));
