/** A graph is not built before it is known to be of a size that makes sense: an edge set of 10¹¹ would be a slip of the hand. */

import { numPoints } from '../config/grid.js';
import { maximumEdges } from '../config/limits.js';
import type { Model } from '../config/types.js';
import { InputError } from '../errors.js';

type Graph = Pick<Model, 'layout' | 'grid' | 'meshLevel' | 'radiusFraction'>;

/** @throws InputError */
export function checkEdges(graph: Graph): void {
  const isH3 = graph.layout === 'graph-weather';
  const edges = isH3 ? numH3Edges(graph.meshLevel) : roughNumGrid2meshEdges(graph);
  if (edges <= maximumEdges) return;
  const [next, what] = isH3 ? (['--mesh-level 5', 'mesh'] as const) : (['--radius-fraction 0.6', 'grid2mesh'] as const);
  throw new InputError(
    'too-many-edges',
    `about ${edges.toPrecision(2)} ${what} edges; the limit is ${maximumEdges.toLocaleString('en-US')}.`,
    [next],
  );
}

/** 120·7^r + 2 cells, each with its 6 neighbours and itself. */
const numH3Edges = (resolution: number): number => 7 * (120 * 7 ** resolution + 2);

/**
 * Near the true number (within about a quarter for fractions from 0.6) without a query: a cap of chord r is r²/4 of the sphere, and the
 * 10·4^M + 2 mesh nodes are spread evenly. PhysicsNeMo takes a point's 4 nearest mesh nodes before it looks at the radius.
 */
export function roughNumGrid2meshEdges({ layout, grid, meshLevel, radiusFraction }: Graph): number {
  const meshNodes = 10 * 4 ** meshLevel + 2;
  const chord = Math.min(2, radiusFraction * idealLongestEdge(meshLevel));
  const most = layout === 'physicsnemo' ? 4 : meshNodes;
  return numPoints(grid) * Math.min(most, (meshNodes * chord * chord) / 4);
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
