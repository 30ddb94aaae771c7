import { nextCorner, numMultiMeshEdges, refinedIcosahedron } from './icosahedral-mesh.js';

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
