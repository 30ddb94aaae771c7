/**
 * Reduced Gaussian data grids as anemoi joins them to a latent mesh: rows at the zeros of a Legendre polynomial, each with points of its own
 * number, evenly spaced from longitude 0.
 * Sources: ECMWF, "Octahedral reduced Gaussian grid" (20 + 4i points in the i-th row from a pole); anemoi-graphs 0.9.8, edges/builders
 * (CutOffEdges: every source within `cutoff_factor` × the largest distance of a target node to its nearest neighbour, at most 64 per target;
 * KNNEdges).
 */
import type { Grid } from '../config/types.js';
import { classicRows } from './data/reduced-gaussian-rows.js';
import type { Edges } from './grid2mesh.js';
import { refinedIcosahedron } from './icosahedral-mesh.js';
import { tiltRadians } from './icosahedron.js';
import { nearestTo, PointIndex, squaredChord } from './point-index.js';

/** Points of each row, north to south, `[latitudes]`. */
export function rowLengths({ kind, latitudes }: Grid): readonly number[] {
  const half = latitudes / 2;
  const north =
    kind === 'octahedral'
      ? Array.from({ length: half }, (_, row) => 20 + 4 * row)
      : classicRows[half]!.split(' ').flatMap((run) => {
          const [count, points] = run.split('×').map(Number);
          return Array<number>(count!).fill(points!);
        });
  return [...north, ...north.toReversed()];
}

/** Radians, north to south: the zeros of the Legendre polynomial of degree `latitudes`, by Newton's iteration. */
export function gaussianLatitudes(latitudes: number): Float64Array {
  return Float64Array.from({ length: latitudes }, (_, row) => {
    let x = Math.cos((Math.PI * (row + 0.75)) / (latitudes + 0.5));
    for (let step = 0; step < 20; step++) {
      let [before, now] = [1, x];
      for (let degree = 2; degree <= latitudes; degree++)
        [before, now] = [now, ((2 * degree - 1) * x * now - (degree - 1) * before) / degree];
      const change = (now * (x * x - 1)) / (latitudes * (x * now - before));
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    return Math.asin(x);
  });
}

/** Cartesian, on the unit sphere, `[gridNodes, 3]`, row by row from the north. */
export function reducedPositions(grid: Grid): Float64Array {
  const lengths = rowLengths(grid);
  const latitudes = gaussianLatitudes(grid.latitudes);
  const positions = new Float64Array(3 * lengths.reduce((sum, length) => sum + length, 0));
  let next = 0;
  for (const [row, length] of lengths.entries()) {
    const [z, across] = [Math.sin(latitudes[row]!), Math.cos(latitudes[row]!)];
    for (let column = 0; column < length; column++) {
      const longitude = (2 * Math.PI * column) / length;
      positions.set([across * Math.cos(longitude), across * Math.sin(longitude), z], next);
      next += 3;
    }
  }
  return positions;
}

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
  readonly radiusFraction: number;
}

/** Senders are grid nodes, receivers mesh nodes in ascending order. */
export function cutoffEdges({ grid, meshLevel, radiusFraction }: ReducedGraph): Edges {
  const mesh = triNodePositions(meshLevel);
  const radius = radiusFraction * largestSpacing(mesh);
  const points = reducedPositions(grid);
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
export function nearestMeshEdges({ grid, meshLevel }: Pick<ReducedGraph, 'grid' | 'meshLevel'>): Edges {
  const mesh = triNodePositions(meshLevel);
  const points = reducedPositions(grid);
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
