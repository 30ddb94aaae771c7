import type { Counts } from '../program/dimensions.js';
import { PUBLISHED_COUNTS } from './data/published-counts.js';
import { numGridNodes } from './grid.js';
import type { GraphModel } from './grid2mesh.js';
import { queryNumGrid2meshEdges } from './grid2mesh.js';
import { h3Counts } from './h3.js';
import { numMeshNodes, numMultiMeshEdges } from './icosahedral-mesh.js';
import { graphKey } from './published-graphs.js';

const remembered = new Map<string, number>();

export function counts(model: GraphModel): Counts {
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

/**
 * Near the true number (within about a quarter for fractions from 0.6) without a query: a cap of chord r is r²/4 of the sphere, and the mesh
 * nodes are spread evenly. For limits that must answer before an edge set of 10¹¹ is counted.
 */
export function roughNumGrid2meshEdges({ grid, meshLevel, radiusFraction }: GraphModel): number {
  const chord = Math.min(2, radiusFraction * idealLongestEdge(meshLevel));
  return (numGridNodes(grid) * numMeshNodes(meshLevel) * chord * chord) / 4;
}

/**
 * The longest edges bound the middle face of a middle face: the midpoints of two sides of an equilateral spherical triangle whose sides
 * have cosine c are at a distance of cosine (1 + 3c) / (2 + 2c). The icosahedron's is 1/√5.
 */
function idealLongestEdge(meshLevel: number): number {
  let cos = 1 / Math.sqrt(5);
  for (let level = 0; level < meshLevel; level++) cos = (1 + 3 * cos) / (2 + 2 * cos);
  return Math.sqrt(2 - 2 * cos);
}
