/** The regular icosahedron, in the orientation of google-deepmind/graphcast 08cf736, `icosahedral_mesh.py`. */
import { leftOfGreatCircle } from './great-circle.js';

const float32 = Math.fround;
const NUM_VERTICES = 12;

export interface Icosahedron {
  /** `[12, 3]` */
  readonly positions: Float64Array;
  /** Corners, counterclockwise as seen from outside, `[20, 3]`. */
  readonly faces: Int32Array;
}

/** The vertices are the cyclic permutations of (±1, ±φ, 0), turned about y until a face lies flat on each pole. */
export function regularIcosahedron(): Icosahedron {
  const goldenRatio = (1 + Math.sqrt(5)) / 2;
  const circumradius = Math.hypot(1, goldenRatio);
  const one = float32(1 / circumradius);
  const golden = float32(float32(goldenRatio) / circumradius);
  // Half of what the dihedral angle, 2 asin(φ/√3), lacks to 180°.
  const tilt = Math.PI / 2 - Math.asin(goldenRatio / Math.sqrt(3));
  const positions = new Float64Array(3 * NUM_VERTICES);
  let vertex = 0;
  for (const a of [one, -one]) {
    for (const b of [golden, -golden]) {
      for (const [x, y, z] of [[a, b, 0] as const, [0, a, b] as const, [b, 0, a] as const]) {
        positions[3 * vertex] = float32(x * Math.cos(tilt) - z * Math.sin(tilt));
        positions[3 * vertex + 1] = y;
        positions[3 * vertex + 2] = float32(x * Math.sin(tilt) + z * Math.cos(tilt));
        vertex++;
      }
    }
  }
  return { positions, faces: trianglesOfNeighbours(positions) };
}

/** Three vertices that are pairwise neighbours are a face. */
function trianglesOfNeighbours(positions: Float64Array): Int32Array {
  const faces: number[] = [];
  for (let a = 0; a < NUM_VERTICES; a++) {
    for (let b = a + 1; b < NUM_VERTICES; b++) {
      for (let c = b + 1; c < NUM_VERTICES; c++) {
        if (!areNeighbours(a, b, positions) || !areNeighbours(b, c, positions) || !areNeighbours(c, a, positions))
          continue;
        faces.push(a, ...(leftOfGreatCircle(positions, a, b, positions, c) > 0 ? [b, c] : [c, b]));
      }
    }
  }
  return Int32Array.from(faces);
}

/** Neighbours are 63.4° apart, all other pairs at least 116.6°. */
function areNeighbours(a: number, b: number, positions: Float64Array): boolean {
  let dot = 0;
  for (let axis = 0; axis < 3; axis++) dot += positions[3 * a + axis]! * positions[3 * b + axis]!;
  return dot > 0;
}
