/**
 * Latitude-longitude grids as the code bases place them. Nodes are numbered row by row from the south: `row · longitudes + column`.
 * Positions are rounded to float32 at every step, as the released code does: a point on the rim of a mesh node's reach falls in or out by
 * the last bit. (NumPy's float32 sine may differ from the correctly rounded one by a bit, which moves a few edges of a million.)
 * Sources: google-deepmind/graphcast 08cf736, `grid_mesh_connectivity.py`; NVIDIA/physicsnemo 94b3551, `graph_cast_net.py`.
 */
import { isReducedGaussian, numPoints } from '../config/grid.js';
import type { Grid } from '../config/types.js';
import { reducedPositions } from './reduced-gaussian.js';

const float32 = Math.fround;

export interface GridRows {
  /** Radians, exact; `[latitudes]`. */
  readonly latitudes: Float64Array;
  /** Radians, exact: longitude `j` is `firstLongitude + j · longitudeStep`. */
  readonly firstLongitude: number;
  readonly longitudeStep: number;
  /** Of the rounded coordinates; `[latitudes]` and `[longitudes]`. */
  readonly cosLatitude: Float64Array;
  readonly sinLatitude: Float64Array;
  readonly cosLongitude: Float64Array;
  readonly sinLongitude: Float64Array;
}

export const numGridNodes = numPoints;

export function gridRows(grid: Grid): GridRows {
  const longitudeStepDegrees = 360 / grid.longitudes;
  // PhysicsNeMo's linspace(-180, 180, longitudes + 1) without its first.
  const firstLongitudeDegrees = grid.kind === 'physicsnemo' ? longitudeStepDegrees - 180 : 0;
  const latitudeDegrees = Float64Array.from({ length: grid.latitudes }, (_, row) => latitudeOfRow(grid, row));
  const colatitudes = latitudeDegrees.map((degrees) => roundedRadians(float32(90 - float32(degrees))));
  const longitudes = Float64Array.from({ length: grid.longitudes }, (_, column) =>
    roundedRadians(float32(firstLongitudeDegrees + column * longitudeStepDegrees)),
  );
  return {
    latitudes: latitudeDegrees.map((degrees) => (degrees * Math.PI) / 180),
    firstLongitude: (firstLongitudeDegrees * Math.PI) / 180,
    longitudeStep: (2 * Math.PI) / grid.longitudes,
    cosLatitude: colatitudes.map((angle) => float32(Math.sin(angle))),
    sinLatitude: colatitudes.map((angle) => float32(Math.cos(angle))),
    cosLongitude: longitudes.map((angle) => float32(Math.cos(angle))),
    sinLongitude: longitudes.map((angle) => float32(Math.sin(angle))),
  };
}

/** Cartesian, on the unit sphere, `[gridNodes, 3]`. */
export function gridPositions(grid: Grid): Float64Array {
  if (isReducedGaussian(grid)) return reducedPositions(grid);
  const { cosLatitude, sinLatitude, cosLongitude, sinLongitude } = gridRows(grid);
  const positions = new Float64Array(3 * numGridNodes(grid));
  let next = 0;
  for (let row = 0; row < grid.latitudes; row++) {
    for (let column = 0; column < grid.longitudes; column++) {
      positions[next++] = float32(cosLongitude[column]! * cosLatitude[row]!);
      positions[next++] = float32(sinLongitude[column]! * cosLatitude[row]!);
      positions[next++] = sinLatitude[row]!;
    }
  }
  return positions;
}

function latitudeOfRow({ kind, latitudes }: Grid, row: number): number {
  switch (kind) {
    case 'poles':
    case 'physicsnemo':
      // One row alone is linspace's first.
      return -90 + (row * 180) / Math.max(1, latitudes - 1);
    case 'no-poles':
      return -90 + ((row + 0.5) * 180) / latitudes;
    case 'cut':
      return -90 + (row * 180) / latitudes;
    case 'octahedral':
    case 'classic':
      throw new Error('rows of a reduced Gaussian grid are not evenly spaced');
  }
}

const roundedRadians = (degrees: number): number => float32(degrees * float32(Math.PI / 180));
