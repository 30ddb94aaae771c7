/** How many nodes and edges a graph has, without building it where they are known. */

import { gridName } from '../config/grid.js';
import type { Counts } from '../config/types.js';
import { PUBLISHED_COUNTS } from './data/published-counts.js';
import { numGridNodes } from './grid.js';
import { type GraphModel, queryNumGrid2meshEdges } from './grid2mesh.js';
import { numMeshNodes, numMultiMeshEdges } from './icosahedral-mesh.js';
import { isReducedGraph } from './reduced-graph.js';

const remembered = new Map<string, number>();

/**
 * AIFS's encoder as anemoi-graphs 0.9.8 builds it. The query in double precision finds 748,358 edges. anemoi's coordinates are float32, off
 * by 6·10⁻⁸, which is 5·10⁻⁶ of this radius; 48 edges are that close to it, and roundings decide them: NumPy's float32 sines give 748,360,
 * torch's 748,354, the graph of the released weights 748,348.
 */
const asBuilt: Readonly<Record<string, number>> = { '640x1280 classic 0.6 o96': 748_354 };

/** Of GraphCast's graph: the multi-mesh of a refined icosahedron, encoder edges within a radius, a triangle around each grid node. */
export function icosahedralCounts(model: GraphModel): Counts {
  const { gridNodes, ...mesh } = unjoinedCounts(model);
  return {
    gridNodes,
    ...mesh,
    grid2meshEdges: numGrid2meshEdges(model),
    // The three corners of the triangle around each grid node.
    mesh2gridEdges: 3 * gridNodes,
  };
}

/** Grid and mesh without an edge between them. */
export const unjoinedCounts = ({ grid, mesh, meshLevel }: Pick<GraphModel, 'grid' | 'mesh' | 'meshLevel'>): Counts => ({
  gridNodes: numGridNodes(grid),
  ...(mesh === undefined
    ? { meshNodes: numMeshNodes(meshLevel), meshEdges: numMultiMeshEdges(meshLevel) }
    : { meshNodes: numGridNodes(mesh), meshEdges: 0 }),
  grid2meshEdges: 0,
  mesh2gridEdges: 0,
});

function numGrid2meshEdges(model: GraphModel): number {
  const graph = graphKey(model);
  const key = `${graph} ${model.meshLevel}`;
  const known = PUBLISHED_COUNTS[graph]?.[model.meshLevel] ?? asBuilt[graph] ?? remembered.get(key);
  if (known !== undefined) return known;
  const numEdges = queryNumGrid2meshEdges(model);
  remembered.set(key, numEdges);
  return numEdges;
}

/**
 * Near the true number (within about a quarter for fractions from 0.6) without a query: a cap of chord r is r²/4 of the sphere, and the
 * 10·4^M + 2 mesh nodes are spread evenly. PhysicsNeMo takes a point's 4 nearest mesh nodes before it looks at the radius.
 */
export function roughNumGrid2meshEdges({ grid, meshLevel, mesh, radiusFraction, maxNeighbours }: GraphModel): number {
  if (mesh !== undefined) return roughEdgesToGrid(numGridNodes(grid), radiusFraction);
  const meshNodes = numMeshNodes(meshLevel);
  const chord = Math.min(2, radiusFraction * idealLongestEdge(meshLevel));
  return numGridNodes(grid) * Math.min(maxNeighbours, (meshNodes * chord * chord) / 4);
}

/** The farthest nearest neighbour of a reduced Gaussian grid is at 3.9 / √points: a cap of that reach holds 3.9² / 4 of them. */
const roughEdgesToGrid = (points: number, radiusFraction: number): number => (points * (radiusFraction * 3.9) ** 2) / 4;

/**
 * The longest edges bound the middle face of a middle face: the midpoints of two sides of an equilateral spherical triangle whose sides
 * have cosine c are at a distance of cosine (1 + 3c) / (2 + 2c). The icosahedron's is 1/√5.
 */
function idealLongestEdge(meshLevel: number): number {
  let cos = 1 / Math.sqrt(5);
  for (let level = 0; level < meshLevel; level++) cos = (1 + 3 * cos) / (2 + 2 * cos);
  return Math.sqrt(2 - 2 * cos);
}

/** All that the number of encoder edges depends on but the mesh level, which is the place in the list of counts. */
export function graphKey(model: GraphModel): string {
  const { grid, mesh, radiusFraction, maxNeighbours } = model;
  const nearest = maxNeighbours === Number.POSITIVE_INFINITY ? '' : ' nearest';
  const latent = mesh === undefined ? '' : ` ${gridName(mesh)}`;
  // anemoi's own graphs know no other sines.
  const sines = model.nearestSines && !isReducedGraph(model) ? ', nearest sines' : '';
  return `${grid.latitudes}x${grid.longitudes} ${grid.kind} ${radiusFraction}${nearest}${latent}${sines}`;
}
