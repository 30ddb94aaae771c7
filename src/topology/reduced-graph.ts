/**
 * How anemoi joins a data grid to a latent mesh, where one of the two is a reduced Gaussian grid (anemoi-graphs 0.9.8, edges/builders.
 * CutOffEdges: every source within `cutoff_factor` × the largest distance of a target node to its nearest neighbour, at most 64 per target;
 * KNNEdges).
 */
import { isReducedGaussian } from '../config/grid.js';
import type { Grid } from '../config/types.js';
import { roundedSines } from './float32-sines.js';
import { gridPositions } from './grid.js';
import type { Edges } from './grid2mesh.js';
import { refinedIcosahedron } from './icosahedral-mesh.js';
import { tiltRadians } from './icosahedron.js';
import { nearestTo, PointIndex, squaredChord } from './point-index.js';
import { reducedPositions } from './reduced-gaussian.js';

/** TriNodes: trimesh's icosphere, which is GraphCast's mesh before it is turned; Cartesian, `[meshNodes, 3]`. */
export function triNodePositions(meshLevel: number): Float64Array {
  const turned = refinedIcosahedron(meshLevel).positions;
  const [cos, sin] = [Math.cos(tiltRadians), Math.sin(tiltRadians)];
  const positions = turned.slice();
  for (let at = 0; at < turned.length; at += 3) {
    positions[at] = turned[at]! * cos + turned[at + 2]! * sin;
    positions[at + 2] = turned[at + 2]! * cos - turned[at]! * sin;
  }
  return positions;
}

/** anemoi's default `max_num_neighbours`. */
const mostPerTarget = 64;

export interface ReducedGraph {
  readonly grid: Grid;
  readonly meshLevel: number;
  /** A latent mesh of a grid's points, in place of TriNodes. */
  readonly mesh?: Grid;
  readonly radiusFraction: number;
}

/** Whether a graph is anemoi's own, and not GraphCast's over latitudes and longitudes. */
export const isReducedGraph = ({ grid, mesh }: Pick<ReducedGraph, 'grid' | 'mesh'>): boolean =>
  mesh !== undefined || isReducedGaussian(grid);

/** Cartesian, `[meshNodes, 3]`. */
const meshPositions = ({ mesh, meshLevel }: Pick<ReducedGraph, 'mesh' | 'meshLevel'>): Float64Array =>
  mesh === undefined ? triNodePositions(meshLevel) : reducedPositions(mesh);

/** Senders are grid nodes, receivers mesh nodes in ascending order. */
export function cutoffEdges({ grid, radiusFraction, ...latent }: ReducedGraph): Edges {
  const mesh = meshPositions(latent);
  const radius = radiusFraction * largestSpacing(mesh);
  const points = gridPositions(grid, roundedSines);
  const index = new PointIndex(points, radius);
  const senders: number[] = [];
  const receivers: number[] = [];
  for (let node = 0; node < mesh.length / 3; node++) {
    const inReach = index.within(mesh, node, radius);
    const kept = inReach.length > mostPerTarget ? nearestTo(mesh, node, points, inReach, mostPerTarget) : inReach;
    for (const sender of kept) {
      senders.push(sender);
      receivers.push(node);
    }
  }
  return { senders: Int32Array.from(senders), receivers: Int32Array.from(receivers) };
}

/** The largest chord from a node to its nearest neighbour. */
export function largestSpacing(positions: Float64Array): number {
  // Nodes of an even mesh: a cap with some of them.
  const reach = Math.sqrt((16 * 3) / positions.length) * 2;
  const index = new PointIndex(positions, reach);
  let largest = 0;
  for (let node = 0; node < positions.length / 3; node++) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const other of index.within(positions, node, reach))
      if (other !== node) nearest = Math.min(nearest, squaredChord(positions, node, positions, other));
    largest = Math.max(largest, nearest);
  }
  return Math.sqrt(largest);
}

export const numDecoderNeighbours = 3;

/** Senders are mesh nodes; receivers are grid nodes, ascending, three times each. */
export function nearestMeshEdges({ grid, ...latent }: Omit<ReducedGraph, 'radiusFraction'>): Edges {
  const mesh = meshPositions(latent);
  const points = gridPositions(grid, roundedSines);
  const reach = 2 * largestSpacing(mesh);
  const index = new PointIndex(mesh, reach);
  const numPoints = points.length / 3;
  const senders = new Int32Array(numDecoderNeighbours * numPoints);
  for (let point = 0; point < numPoints; point++) {
    const near = nearestTo(points, point, mesh, index.within(points, point, reach), numDecoderNeighbours);
    senders.set(near, numDecoderNeighbours * point);
  }
  return { senders, receivers: Int32Array.from(senders, (_, edge) => Math.floor(edge / numDecoderNeighbours)) };
}
