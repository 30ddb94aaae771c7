/**
 * Which grid points lie within a chord of which mesh nodes.
 *
 * A query per grid point asks a million times at 0.25°. But the points of one latitude row are evenly spaced, so a mesh node reaches
 * one run of them, whose ends the law of cosines gives. The spatial index finds the mesh nodes near a row; the few points whose
 * distance equals the radius within rounding are measured one by one, at the coordinates as the code base rounds them.
 * So the result is that of the query point by point (`tests/topology/radius-query.test.ts` compares).
 */
import KDBush from 'kdbush';
import type { Grid } from '../config/types.js';
import type { Sines } from './float32-sines.js';
import { type GridRows, gridRows } from './grid.js';

/** Grid nodes `firstGridNode … + length − 1`, all in one row, are in reach of the mesh node. */
export type VisitRun = (meshNode: number, firstGridNode: number, length: number) => void;

/**
 * Bound on how far float32 moves a grid point: at 2π the rounding of π/180 (4e-7), of the degrees (3e-7) and of their product (2e-7),
 * then sines, cosines and their product (1e-7 each).
 */
const POSITION_ERROR = 2e-6;

export function forEachRun(
  meshPositions: Float64Array,
  grid: Grid,
  radius: number,
  visit: VisitRun,
  sines?: Sines,
): void {
  const rows = gridRows(grid, sines);
  const index = indexByAngles(meshPositions);
  const isWithin = distanceTest(meshPositions, rows, radius);
  const visitRun = wrapRound(grid.longitudes, visit);
  const reach = 2 * Math.asin(Math.min(1, radius / 2)) + POSITION_ERROR;
  const slack = 2 * radius * POSITION_ERROR + POSITION_ERROR ** 2;
  for (let row = 0; row < grid.latitudes; row++) {
    const latitude = rows.latitudes[row]!;
    const sinRow = Math.sin(latitude);
    const cosRow = Math.cos(latitude);
    for (const node of index.range(-Infinity, latitude - reach, Infinity, latitude + reach)) {
      const x = meshPositions[3 * node]!;
      const y = meshPositions[3 * node + 1]!;
      const z = meshPositions[3 * node + 2]!;
      const length = Math.sqrt(x * x + y * y + z * z);
      const alongAxis = (sinRow * z) / length;
      const acrossAxis = (cosRow * Math.sqrt(x * x + y * y)) / length;
      const centre = (Math.atan2(y, x) - rows.firstLongitude) / rows.longitudeStep;
      const certain = halfWidth(radius * radius - slack, alongAxis, acrossAxis) / rows.longitudeStep;
      const possible = halfWidth(radius * radius + slack, alongAxis, acrossAxis) / rows.longitudeStep;

      const first = Math.ceil(centre - possible);
      const end = Math.min(Math.floor(centre + possible) + 1, first + grid.longitudes);
      const firstCertain = Math.min(Math.max(Math.ceil(centre - certain), first), end);
      const endCertain = Math.max(Math.min(Math.floor(centre + certain) + 1, end), firstCertain);
      for (let column = first; column < firstCertain; column++) {
        if (isWithin(row, column, node)) visitRun(row, node, column, 1);
      }
      visitRun(row, node, firstCertain, endCertain - firstCertain);
      for (let column = endCertain; column < end; column++) {
        if (isWithin(row, column, node)) visitRun(row, node, column, 1);
      }
    }
  }
}

/** Where `chord² = 2 − 2 (sin φ sin φ′ + cos φ cos φ′ cos Δλ)` holds: Δλ in radians; −1 if nowhere, more than π if everywhere. */
function halfWidth(squaredChord: number, alongAxis: number, acrossAxis: number): number {
  const cos = (1 - squaredChord / 2 - alongAxis) / acrossAxis;
  if (cos > 1) return -1;
  return cos <= -1 ? 4 : Math.acos(cos);
}

function indexByAngles(meshPositions: Float64Array): KDBush {
  const index = new KDBush(meshPositions.length / 3);
  for (let at = 0; at < meshPositions.length; at += 3) {
    const x = meshPositions[at]!;
    const y = meshPositions[at + 1]!;
    index.add(Math.atan2(y, x), Math.atan2(meshPositions[at + 2]!, Math.sqrt(x * x + y * y)));
  }
  return index.finish();
}

function distanceTest(meshPositions: Float64Array, rows: GridRows, radius: number) {
  const { sinLatitude, cosLatitude, sinLongitude, cosLongitude } = rows;
  return (row: number, column: number, node: number): boolean => {
    const wrapped = modulo(column, cosLongitude.length);
    const dx = Math.fround(cosLongitude[wrapped]! * cosLatitude[row]!) - meshPositions[3 * node]!;
    const dy = Math.fround(sinLongitude[wrapped]! * cosLatitude[row]!) - meshPositions[3 * node + 1]!;
    const dz = sinLatitude[row]! - meshPositions[3 * node + 2]!;
    return dx * dx + dy * dy + dz * dz <= radius * radius;
  };
}

/** Columns of any integer to grid nodes: a run over the date line is visited as two. */
function wrapRound(numLongitudes: number, visit: VisitRun) {
  return (row: number, node: number, firstColumn: number, length: number): void => {
    if (length === 0) return;
    const first = modulo(firstColumn, numLongitudes);
    const before = Math.min(length, numLongitudes - first);
    visit(node, row * numLongitudes + first, before);
    if (length > before) visit(node, row * numLongitudes, length - before);
  };
}

const modulo = (value: number, period: number): number => ((value % period) + period) % period;
