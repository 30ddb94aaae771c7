/** The regular icosahedron, in the orientation of google-deepmind/graphcast 08cf736, `icosahedral_mesh.py`. */
const float32 = Math.fround;
const NUM_VERTICES = 12;

export interface Icosahedron {
  /** `[12, 3]` */
  readonly positions: Float64Array;
  /** Corners, counterclockwise as seen from outside, `[20, 3]`. */
  readonly faces: Int32Array;
}

/**
 * Corners, counterclockwise as seen from outside. Any order would give the same mesh; this one numbers the finer levels' nodes as the
 * released code does, and with them what falls into which chunk of consecutive nodes.
 */
const faces = [
  [0, 1, 2],
  [0, 6, 1],
  [8, 0, 2],
  [8, 4, 0],
  [3, 8, 2],
  [3, 2, 7],
  [7, 2, 1],
  [0, 4, 6],
  [4, 11, 6],
  [6, 11, 5],
  [1, 5, 7],
  [4, 10, 11],
  [4, 8, 10],
  [10, 8, 3],
  [10, 3, 9],
  [11, 10, 9],
  [11, 9, 5],
  [5, 9, 7],
  [9, 3, 7],
  [1, 6, 5],
] as const;

/** Half of what the dihedral angle, 2 asin(φ/√3), lacks to 180°: by how much GraphCast turns the icosahedron about y. */
export const tiltRadians = Math.PI / 2 - Math.asin((1 + Math.sqrt(5)) / 2 / Math.sqrt(3));

/** The vertices are the cyclic permutations of (±1, ±φ, 0), turned about y until a face lies flat on each pole. */
export function regularIcosahedron(): Icosahedron {
  const goldenRatio = (1 + Math.sqrt(5)) / 2;
  const circumradius = Math.hypot(1, goldenRatio);
  const one = float32(1 / circumradius);
  const golden = float32(float32(goldenRatio) / circumradius);
  const tilt = tiltRadians;
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
  return { positions, faces: Int32Array.from(faces.flat()) };
}
