/**
 * Edges of the encoder: from every grid node to the mesh nodes within `radiusFraction` × the longest edge of the finest mesh.
 * Sources: google-deepmind/graphcast 08cf736, `grid_mesh_connectivity.py` (radius query); NVIDIA/physicsnemo 94b3551,
 * `models/graphcast/utils/graph.py` (four nearest neighbours, then the same radius).
 */
import type { Grid, Model } from '../config/types.js';
import { roundedSines, type Sines } from './float32-sines.js';
import { gridPositions, numGridNodes } from './grid.js';
import { longestEdge, refinedIcosahedron } from './icosahedral-mesh.js';
import { forEachRun } from './radius-query.js';
import { cutoffEdges, isReducedGraph } from './reduced-graph.js';

export interface GraphModel extends Pick<Model, 'grid' | 'meshLevel' | 'mesh' | 'radiusFraction'> {
  /** Mesh neighbours of one grid node at most, the nearest ones; infinite: all within the radius. */
  readonly maxNeighbours: number;
  /** Grid points lie where the float32 next to a sine puts them, whatever their kind of grid. */
  readonly nearestSines?: true;
}

export interface Edges {
  readonly senders: Int32Array;
  readonly receivers: Int32Array;
}

/** More than all roundings of positions and distances on the unit sphere (`radius-query.ts`). */
const rounding = 1e-5;

/** The query itself; `counts` remembers its answers. */
export function queryNumGrid2meshEdges(model: GraphModel): number {
  if (isReducedGraph(model)) return cutoffEdges(model).senders.length;
  const { grid, meshLevel, radiusFraction, maxNeighbours } = model;
  const mesh = refinedIcosahedron(meshLevel);
  const edge = longestEdge(mesh);
  const radius = radiusFraction * edge;
  // The corners of the face around a point are an edge away at most, the far corner of the next face two.
  const isSatisfied = maxNeighbours <= 4 && radius > 2 * edge + rounding;
  if (isSatisfied || radius > 2 + rounding)
    return numGridNodes(grid) * Math.min(maxNeighbours, mesh.positions.length / 3);
  let numEdges = 0;
  if (maxNeighbours === Number.POSITIVE_INFINITY) {
    forEachRun(
      mesh.positions,
      grid,
      radius,
      (_node, _firstGridNode, length) => {
        numEdges += length;
      },
      sinesOf(model),
    );
  } else {
    for (const inReach of numNodesInReach(mesh.positions, grid, radius, sinesOf(model)))
      numEdges += Math.min(inReach, maxNeighbours);
  }
  return numEdges;
}

/** Senders are grid nodes, ascending; receivers are mesh nodes. */
export function grid2meshEdges(model: GraphModel): Edges {
  if (isReducedGraph(model)) return cutoffEdges(model);
  const { grid, meshLevel, radiusFraction, maxNeighbours } = model;
  const mesh = refinedIcosahedron(meshLevel);
  const radius = radiusFraction * longestEdge(mesh);
  const inReach = numNodesInReach(mesh.positions, grid, radius, sinesOf(model));
  const end = inReach.slice();
  for (let sender = 1; sender < end.length; sender++) end[sender]! += end[sender - 1]!;
  const receivers = new Int32Array(end.at(-1)!);
  const cursor = end.map((last, sender) => last - inReach[sender]!);
  forEachRun(
    mesh.positions,
    grid,
    radius,
    (node, firstGridNode, length) => {
      for (let sender = firstGridNode; sender < firstGridNode + length; sender++) receivers[cursor[sender]!++] = node;
    },
    sinesOf(model),
  );
  const senders = new Int32Array(receivers.length);
  for (let sender = 0; sender < end.length; sender++)
    senders.fill(sender, end[sender]! - inReach[sender]!, end[sender]);
  return keepNearest(maxNeighbours, { senders, receivers }, mesh.positions, gridPositions(grid));
}

export const sinesOf = ({ nearestSines }: Pick<GraphModel, 'nearestSines'>): Sines | undefined =>
  nearestSines ? roundedSines : undefined;

/** Mesh nodes in reach of each grid node, `[gridNodes]`. */
function numNodesInReach(meshPositions: Float64Array, grid: Grid, radius: number, sines?: Sines): Int32Array {
  // What begins at a grid node less what ends before it, then their sums.
  const inReach = new Int32Array(numGridNodes(grid) + 1);
  forEachRun(
    meshPositions,
    grid,
    radius,
    (_node, firstGridNode, length) => {
      inReach[firstGridNode]!++;
      inReach[firstGridNode + length]!--;
    },
    sines,
  );
  for (let node = 1; node < inReach.length; node++) inReach[node]! += inReach[node - 1]!;
  return inReach.subarray(0, -1);
}

/** The `most` shortest edges of each sender. */
function keepNearest(most: number, edges: Edges, meshPositions: Float64Array, points: Float64Array): Edges {
  if (most === Number.POSITIVE_INFINITY) return edges;
  const kept: number[] = [];
  for (let from = 0, to = 0; from < edges.senders.length; from = to) {
    while (edges.senders[to] === edges.senders[from]) to++;
    const byDistance = Array.from({ length: to - from }, (_, place) => from + place).sort(
      (a, b) => squaredLength(a, edges, meshPositions, points) - squaredLength(b, edges, meshPositions, points),
    );
    kept.push(...byDistance.slice(0, most));
  }
  return {
    senders: Int32Array.from(kept, (edge) => edges.senders[edge]!),
    receivers: Int32Array.from(kept, (edge) => edges.receivers[edge]!),
  };
}

function squaredLength(
  edge: number,
  { senders, receivers }: Edges,
  meshPositions: Float64Array,
  points: Float64Array,
): number {
  let sum = 0;
  for (let axis = 0; axis < 3; axis++) {
    sum += (points[3 * senders[edge]! + axis]! - meshPositions[3 * receivers[edge]! + axis]!) ** 2;
  }
  return sum;
}
