/** A graph is not built before it is known to be of a size that makes sense: an edge set of 10¹¹ would be a slip of the hand. */
import { maximumEdges } from '../config/limits.js';
import type { Model } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf } from '../models/index.js';

/** @throws InputError */
export function checkEdges(model: Model): void {
  const { numEdges, set, next, maximum = maximumEdges } = codeBaseOf(model.layout).graph.roughEdges(model);
  if (numEdges <= maximum) return;
  throw new InputError(
    'too-many-edges',
    `about ${numEdges.toPrecision(2)} ${set} edges; the limit is ${maximum.toLocaleString('en-US')}.`,
    [next],
  );
}
