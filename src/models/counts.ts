/** A model's graph: how many nodes and edges it has, and what it is built from. */
import type { Counts, Model } from '../config/types.js';
import type { GraphModel } from '../topology/grid2mesh.js';
import type { Geometry } from './graphs.js';
import { codeBaseOf } from './index.js';

/** Of one sample. A graph of one's own wins over every geometry. */
export const counts = (model: Geometry & Pick<Model, 'counts'>): Counts =>
  model.counts ?? codeBaseOf(model.layout).graph.counts(model);

export const graphModelOf = ({
  layout,
  grid,
  meshLevel,
  mesh,
  radiusFraction,
}: Omit<Geometry, 'processor' | 'own'>): GraphModel => ({
  grid,
  meshLevel,
  ...(mesh && { mesh }),
  radiusFraction,
  maxNeighbours: codeBaseOf(layout).graph.maxNeighbours,
});
