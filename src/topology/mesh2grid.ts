import { gridPositions, numGridNodes } from './grid.js';
import { type Edges, type GraphModel, sinesOf } from './grid2mesh.js';
import { type IcosahedralMesh, nextCorner, refinedIcosahedron } from './icosahedral-mesh.js';
import { isReducedGraph, nearestMeshEdges } from './reduced-graph.js';

/** Senders are mesh nodes; receivers are grid nodes, ascending, three times each. */
export function mesh2gridEdges(model: Pick<GraphModel, 'grid' | 'meshLevel' | 'mesh' | 'nearestSines'>): Edges {
  if (isReducedGraph(model)) return nearestMeshEdges(model);
  const { grid, meshLevel } = model;
  const mesh = refinedIcosahedron(meshLevel);
  const faces = mesh.facesByLevel.at(-1)!;
  const points = gridPositions(grid, sinesOf(model));
  const numPoints = numGridNodes(grid);
  const receivers = new Int32Array(3 * numPoints);
  const senders = new Int32Array(3 * numPoints);
  const containingFace = faceFinder(mesh, points);
  for (let point = 0; point < numPoints; point++) {
    const face = containingFace(point);
    for (let corner = 0; corner < 3; corner++) {
      receivers[3 * point + corner] = point;
      senders[3 * point + corner] = faces[3 * face + corner]!;
    }
  }
  return { senders, receivers };
}

/** Of points in any order; the next one most often lies in the same face of the icosahedron as the last. */
function faceFinder({ positions, facesByLevel }: IcosahedralMesh, points: Float64Array): (point: number) => number {
  const [icosahedron, ...finer] = facesByLevel;
  let lastFace = 0;
  return (point) => {
    lastFace = containingIcosahedronFace({ positions, faces: icosahedron!, points }, point, lastFace);
    return finer.reduce((face, children) => childAround({ positions, faces: children, points }, point, face), lastFace);
  };
}

interface Faces {
  readonly positions: Float64Array;
  readonly faces: Int32Array;
  readonly points: Float64Array;
}

/** Halving great-circle edges tiles a face exactly, so the search goes down from the icosahedron and never back. */
function childAround({ positions, faces, points }: Faces, point: number, face: number): number {
  // Corners of the middle child are the midpoints ab, bc, ca; beyond its sides ca-ab, ab-bc, bc-ca lie the children 0, 1, 2.
  const middle = 3 * (4 * face + 3);
  const ab = faces[middle]!;
  const bc = faces[middle + 1]!;
  const ca = faces[middle + 2]!;
  let child = 3;
  if (leftOfGreatCircle(positions, ca, ab, points, point) < 0) child = 0;
  else if (leftOfGreatCircle(positions, ab, bc, points, point) < 0) child = 1;
  else if (leftOfGreatCircle(positions, bc, ca, points, point) < 0) child = 2;
  return 4 * face + child;
}

/** A point so deep inside a face, on a sphere of radius 1, lies outside of all others, however numbers are rounded. */
const surelyInside = 1e-9;

/** The face that the point is deepest inside of, so that a point on an edge has one too. `guess` is looked at first. */
function containingIcosahedronFace(all: Faces, point: number, guess: number): number {
  if (depthInside(all, point, guess) > surelyInside) return guess;
  let best = 0;
  let bestDepth = Number.NEGATIVE_INFINITY;
  for (let face = 0; face < all.faces.length / 3; face++) {
    const depth = depthInside(all, point, face);
    if (depth > bestDepth) [best, bestDepth] = [face, depth];
  }
  return best;
}

function depthInside({ positions, faces, points }: Faces, point: number, face: number): number {
  let depth = Number.POSITIVE_INFINITY;
  for (let corner = 3 * face; corner < 3 * face + 3; corner++) {
    depth = Math.min(depth, leftOfGreatCircle(positions, faces[corner]!, faces[nextCorner(corner)]!, points, point));
  }
  return depth;
}

/**
 * Volume spanned by nodes `a`, `b` and a point: positive where the point lies left of the great circle from `a` to `b`.
 * `nodes` and `points` are cartesian, `[…, 3]`.
 */
function leftOfGreatCircle(nodes: Float64Array, a: number, b: number, points: Float64Array, point: number): number {
  const ax = nodes[3 * a]!;
  const ay = nodes[3 * a + 1]!;
  const az = nodes[3 * a + 2]!;
  const bx = nodes[3 * b]!;
  const by = nodes[3 * b + 1]!;
  const bz = nodes[3 * b + 2]!;
  return (
    points[3 * point]! * (ay * bz - az * by) +
    points[3 * point + 1]! * (az * bx - ax * bz) +
    points[3 * point + 2]! * (ax * by - ay * bx)
  );
}
