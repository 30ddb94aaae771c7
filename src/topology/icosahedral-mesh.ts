/**
 * The icosahedral multi-mesh of GraphCast: an icosahedron of which every edge is halved `meshLevel` times and pushed out to the
 * unit sphere. The processor's edges are those of *all* levels, joining the nodes of the finest one.
 * Positions are rounded to float32 step by step, as there: the radius of grid2mesh depends on the last bits of the longest edge.
 * Source: google-deepmind/graphcast 08cf736, `icosahedral_mesh.py`; GraphCast paper, supplement 3.2 and table 4.
 */
import { regularIcosahedron } from './icosahedron.js';

const float32 = Math.fround;

export interface IcosahedralMesh {
  /** Cartesian, on the unit sphere, `[meshNodes, 3]`. The nodes of level `l` are the first `10·4^l + 2`. */
  readonly positions: Float64Array;
  /** Corners per level, counterclockwise, `[20·4^l, 3]`; the children of face `f` are faces `4f … 4f + 3` of the next level, the last in its middle. */
  readonly facesByLevel: readonly Int32Array[];
}

/** An edge belongs to two triangles, so a level has 30·4^l edges; Euler's formula gives the nodes. */
export const numMeshNodes = (meshLevel: number): number => 10 * 4 ** meshLevel + 2;
/** Directed: 60·4^l, summed over the levels. */
export const numMultiMeshEdges = (meshLevel: number): number => 20 * (4 ** (meshLevel + 1) - 1);

export function refinedIcosahedron(meshLevel: number): IcosahedralMesh {
  const positions = new Float64Array(3 * numMeshNodes(meshLevel));
  const icosahedron = regularIcosahedron();
  positions.set(icosahedron.positions);
  const facesByLevel = [icosahedron.faces];
  for (let level = 1; level <= meshLevel; level++) {
    facesByLevel.push(splitFaces(facesByLevel[level - 1]!, numMeshNodes(level - 1), positions));
  }
  return { positions, facesByLevel };
}

/** Chord of the longest edge of the finest level. */
export function longestEdge({ positions, facesByLevel }: IcosahedralMesh): number {
  const faces = facesByLevel.at(-1)!;
  let longestSquared = 0;
  for (let corner = 0; corner < faces.length; corner++) {
    const a = 3 * faces[corner]!;
    const b = 3 * faces[nextCorner(corner)]!;
    const dx = float32(positions[a]! - positions[b]!);
    const dy = float32(positions[a + 1]! - positions[b + 1]!);
    const dz = float32(positions[a + 2]! - positions[b + 2]!);
    const squared = float32(float32(float32(dx * dx) + float32(dy * dy)) + float32(dz * dz));
    if (squared > longestSquared) longestSquared = squared;
  }
  return float32(Math.sqrt(longestSquared));
}

/** Round a face: corner 0 → 1 → 2 → 0. */
export const nextCorner = (corner: number): number => (corner % 3 === 2 ? corner - 2 : corner + 1);

/** Each face becomes three at its corners and one in the middle; the new nodes are appended to `positions`. */
function splitFaces(faces: Int32Array, numParents: number, positions: Float64Array): Int32Array {
  const children = new Int32Array(4 * faces.length);
  // A node has at most six neighbours, so six slots at the lower-numbered end hold all its edges.
  const slotNeighbour = new Int32Array(6 * numParents).fill(-1);
  const slotMidpoint = new Int32Array(6 * numParents);
  let numNodes = numParents;
  const midpoint = (a: number, b: number): number => {
    const upper = Math.max(a, b);
    let slot = 6 * Math.min(a, b);
    while (slotNeighbour[slot] !== upper && slotNeighbour[slot] !== -1) slot++;
    if (slotNeighbour[slot] === -1) {
      slotNeighbour[slot] = upper;
      slotMidpoint[slot] = numNodes;
      placeMidpoint(a, b, numNodes++, positions);
    }
    return slotMidpoint[slot]!;
  };
  for (let face = 0; face < faces.length; face += 3) {
    const a = faces[face]!;
    const b = faces[face + 1]!;
    const c = faces[face + 2]!;
    const ab = midpoint(a, b);
    const bc = midpoint(b, c);
    const ca = midpoint(c, a);
    children.set([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], 4 * face);
  }
  return children;
}

function placeMidpoint(a: number, b: number, node: number, positions: Float64Array): void {
  const x = float32(positions[3 * a]! + positions[3 * b]!) / 2;
  const y = float32(positions[3 * a + 1]! + positions[3 * b + 1]!) / 2;
  const z = float32(positions[3 * a + 2]! + positions[3 * b + 2]!) / 2;
  // BLAS adds the float32 products of a short vector in double precision (compared with NumPy on 5,100 midpoints).
  const length = float32(Math.sqrt(float32(float32(x * x) + float32(y * y) + float32(z * z))));
  positions[3 * node] = float32(x / length);
  positions[3 * node + 1] = float32(y / length);
  positions[3 * node + 2] = float32(z / length);
}

export interface MultiMesh {
  /** Cartesian, on the unit sphere, `[meshNodes, 3]`. */
  readonly positions: Float64Array;
  /** `[meshEdges]`: both directions of every edge of every level, coarsest first. */
  readonly multiMeshSenders: Int32Array;
  readonly multiMeshReceivers: Int32Array;
}

export function buildMesh(meshLevel: number): MultiMesh {
  const { positions, facesByLevel } = refinedIcosahedron(meshLevel);
  const multiMeshSenders = new Int32Array(numMultiMeshEdges(meshLevel));
  const multiMeshReceivers = new Int32Array(multiMeshSenders.length);
  let edge = 0;
  for (const faces of facesByLevel) {
    // Two faces share an edge and go round it in opposite directions.
    for (let corner = 0; corner < faces.length; corner++) {
      multiMeshSenders[edge] = faces[corner]!;
      multiMeshReceivers[edge++] = faces[nextCorner(corner)]!;
    }
  }
  return { positions, multiMeshSenders, multiMeshReceivers };
}
