/**
 * Edges of the decoder: from the three corners of the finest mesh triangle that contains a grid point to that point.
 * PhysicsNeMo takes the triangle with the nearest centroid instead: as many edges, other neighbours at some points.
 * Source: google-deepmind/graphcast 08cf736, `grid_mesh_connectivity.py`.
 */
import type { Model } from '../config/types.js';
import { leftOfGreatCircle } from './great-circle.js';
import { gridPositions, numGridNodes } from './grid.js';
import type { Edges } from './grid2mesh.js';
import { type IcosahedralMesh, nextCorner, refinedIcosahedron } from './icosahedral-mesh.js';
import { isReducedGraph, nearestMeshEdges } from './reduced-graph.js';

/** Senders are mesh nodes; receivers are grid nodes, ascending, three times each. */
export function mesh2gridEdges(model: Pick<Model, 'grid' | 'meshLevel' | 'mesh'>): Edges {
  if (isReducedGraph(model)) return nearestMeshEdges(model);
  const { grid, meshLevel } = model;
  const mesh = refinedIcosahedron(meshLevel);
  const faces = mesh.facesByLevel.at(-1)!;
  const points = gridPositions(grid);
  const receivers = Int32Array.from({ length: 3 * numGridNodes(grid) }, (_, edge) => Math.floor(edge / 3));
  const senders = new Int32Array(receivers.length);
  for (let point = 0; point < senders.length / 3; point++) {
    const face = containingFace(mesh, points, point);
    senders.set(faces.subarray(3 * face, 3 * face + 3), 3 * point);
  }
  return { senders, receivers };
}

/** Halving great-circle edges tiles a face exactly, so the search goes down from the icosahedron and never back. */
function containingFace({ positions, facesByLevel }: IcosahedralMesh, points: Float64Array, point: number): number {
  let face = containingIcosahedronFace(positions, facesByLevel[0]!, points, point);
  for (const children of facesByLevel.slice(1)) {
    // Corners of the middle child are the midpoints ab, bc, ca; beyond its sides ca-ab, ab-bc, bc-ca lie the children 0, 1, 2.
    const middle = 3 * (4 * face + 3);
    const ab = children[middle]!;
    const bc = children[middle + 1]!;
    const ca = children[middle + 2]!;
    let child = 3;
    if (leftOfGreatCircle(positions, ca, ab, points, point) < 0) child = 0;
    else if (leftOfGreatCircle(positions, ab, bc, points, point) < 0) child = 1;
    else if (leftOfGreatCircle(positions, bc, ca, points, point) < 0) child = 2;
    face = 4 * face + child;
  }
  return face;
}

/** The face that the point is deepest inside of, so that a point on an edge has one too. */
function containingIcosahedronFace(
  positions: Float64Array,
  faces: Int32Array,
  points: Float64Array,
  point: number,
): number {
  let best = 0;
  let bestDepth = Number.NEGATIVE_INFINITY;
  for (let face = 0; face < faces.length / 3; face++) {
    let depth = Number.POSITIVE_INFINITY;
    for (let corner = 3 * face; corner < 3 * face + 3; corner++) {
      depth = Math.min(depth, leftOfGreatCircle(positions, faces[corner]!, faces[nextCorner(corner)]!, points, point));
    }
    if (depth > bestDepth) [best, bestDepth] = [face, depth];
  }
  return best;
}
