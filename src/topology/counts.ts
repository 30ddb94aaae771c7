import type { Counts, Model } from '../config/types.js';
import { PUBLISHED_COUNTS } from './data/published-counts.js';
import { numGridNodes } from './grid.js';
import type { GraphModel } from './grid2mesh.js';
import { queryNumGrid2meshEdges } from './grid2mesh.js';
import { h3Counts } from './h3.js';
import { numMeshNodes, numMultiMeshEdges } from './icosahedral-mesh.js';
import { graphKey } from './published-graphs.js';

const remembered = new Map<string, number>();

export function counts(model: GraphModel & Pick<Model, 'counts'>): Counts {
  if (model.counts !== undefined) return model.counts;
  if (model.layout === 'graph-weather') return h3Counts(model.grid, model.meshLevel);
  const gridNodes = numGridNodes(model.grid);
  return {
    gridNodes,
    meshNodes: numMeshNodes(model.meshLevel),
    meshEdges: numMultiMeshEdges(model.meshLevel),
    grid2meshEdges: numGrid2meshEdges(model),
    // The three corners of the triangle around each grid node.
    mesh2gridEdges: 3 * gridNodes,
  };
}

function numGrid2meshEdges(model: GraphModel): number {
  const graph = graphKey(model);
  const key = `${graph} ${model.meshLevel}`;
  const known = PUBLISHED_COUNTS[graph]?.[model.meshLevel] ?? remembered.get(key);
  if (known !== undefined) return known;
  const numEdges = queryNumGrid2meshEdges(model);
  remembered.set(key, numEdges);
  return numEdges;
}
