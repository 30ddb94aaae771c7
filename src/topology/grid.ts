/**
 * Latitude-longitude grids as the code bases place them. Nodes are numbered row by row from the south: `row · longitudes + column`.
 * Positions are rounded to float32 at every step, as the released code does: a point on the rim of a mesh node's reach falls in or out by
 * the last bit.
 * Sources: google-deepmind/graphcast 08cf736, `grid_mesh_connectivity.py`; NVIDIA/physicsnemo 94b3551, `graph_cast_net.py`.
 */
import { isReducedGaussian, numPoints } from '../config/grid.js';
import type { Grid, GridKind } from '../config/types.js';
import { numpySines, type Sines } from './float32-sines.js';
import { reducedPositions } from './reduced-gaussian.js';

const float32 = Math.fround;

/** Where the rows and the first column of a kind of grid lie, in degrees. */
export interface GridConvention {
  readonly latitudeOfRow: (row: number, latitudes: number) => number;
  readonly firstLongitude: (stepDegrees: number) => number;
  /** Which float32 is a sine. */
  readonly sines: Sines;
}

const fromGreenwich = { firstLongitude: () => 0, sines: numpySines };

/** One row alone is linspace's first. */
export const linspaceOfPoles = (row: number, latitudes: number): number =>
  -90 + (row * 180) / Math.max(1, latitudes - 1);

const conventions = new Map<GridKind, GridConvention>([
  ['poles', { latitudeOfRow: linspaceOfPoles, ...fromGreenwich }],
  ['no-poles', { latitudeOfRow: (row, latitudes) => -90 + ((row + 0.5) * 180) / latitudes, ...fromGreenwich }],
  ['cut', { latitudeOfRow: (row, latitudes) => -90 + (row * 180) / latitudes, ...fromGreenwich }],
]);

/** A kind of grid that one code base brings along. */
export function addGridConvention(kind: GridKind, convention: GridConvention): void {
  conventions.set(kind, convention);
}

function conventionOf(kind: GridKind): GridConvention {
  const convention = conventions.get(kind);
  if (convention === undefined) throw new Error(`unknown kind of grid ${kind}`);
  return convention;
}

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

/** `ownSines`: another code's than those of the kind of grid. */
export function gridRows(grid: Grid, ownSines?: Sines): GridRows {
  const longitudeStepDegrees = 360 / grid.longitudes;
  const { latitudeOfRow, firstLongitude, sines: usual } = conventionOf(grid.kind);
  const sines = ownSines ?? usual;
  const firstLongitudeDegrees = firstLongitude(longitudeStepDegrees);
  const latitudeDegrees = Float64Array.from({ length: grid.latitudes }, (_, row) => latitudeOfRow(row, grid.latitudes));
  const colatitudes = latitudeDegrees.map((degrees) => roundedRadians(float32(90 - float32(degrees))));
  const longitudes = Float64Array.from({ length: grid.longitudes }, (_, column) =>
    roundedRadians(float32(firstLongitudeDegrees + column * longitudeStepDegrees)),
  );
  return {
    latitudes: latitudeDegrees.map((degrees) => (degrees * Math.PI) / 180),
    firstLongitude: (firstLongitudeDegrees * Math.PI) / 180,
    longitudeStep: (2 * Math.PI) / grid.longitudes,
    cosLatitude: colatitudes.map(sines.sin),
    sinLatitude: colatitudes.map(sines.cos),
    cosLongitude: longitudes.map(sines.cos),
    sinLongitude: longitudes.map(sines.sin),
  };
}

/** Cartesian, on the unit sphere, `[gridNodes, 3]`. */
export function gridPositions(grid: Grid, ownSines?: Sines): Float64Array {
  if (isReducedGaussian(grid)) return reducedPositions(grid);
  const { cosLatitude, sinLatitude, cosLongitude, sinLongitude } = gridRows(grid, ownSines);
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

const roundedRadians = (degrees: number): number => float32(degrees * float32(Math.PI / 180));
