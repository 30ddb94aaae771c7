/** PhysicsNeMo alone cuts its processor into a number of segments of edge and node blocks. */
import { formatCheckpoint } from '../../config/checkpoint.js';
import type { Recipe } from '../../config/types.js';
import type { Refusal } from '../refusals.js';

/** The refusal of a code base whose processor is a list of layers. */
export const noSegments = (codeBase: string, source: string): Refusal => ({
  kind: 'raises',
  applies: ({ checkpoint }) => checkpoint.processor.kind === 'segments',
  instead: (recipe) => ({ checkpoint: { ...recipe.checkpoint, processor: { kind: 'none' } } }),
  reason: `processor:segments is PhysicsNeMo’s set_checkpoint_processor over edge and node blocks, and ${codeBase} recomputes whole layers`,
  source,
  nextSteps: (recipe) => [`--checkpoint ${inLayers(recipe)}`],
});

const inLayers = ({ checkpoint }: Recipe): string =>
  formatCheckpoint({ ...checkpoint, processor: { kind: 'every', layers: 1 } });
