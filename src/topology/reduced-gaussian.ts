/**
 * Reduced Gaussian grids: rows at the zeros of a Legendre polynomial, each with points of its own number, evenly spaced from longitude 0.
 * Source: ECMWF, "Octahedral reduced Gaussian grid" (20 + 4i points in the i-th row from a pole).
 */
import type { Grid } from '../config/types.js';
import { classicRows } from './data/reduced-gaussian-rows.js';

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
