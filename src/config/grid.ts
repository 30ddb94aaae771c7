/**
 * Latitude-longitude grids. DeepMind's data at D degrees has 180/D + 1 rows with both poles (181 × 360 at 1°); other data sets have
 * 180/D rows, half a cell off the poles. PhysicsNeMo lays its own linspace over whatever number of rows it is given.
 */
import { InputError } from '../errors.js';
import { shown } from './nearest.js';
import { parseDecimal } from './numbers.js';
import type { Grid, GridKind, ModelLayout } from './types.js';

/** 0.05° is 25.9 million points, 0.1° 6.5 million. */
export const maximumGridPoints = 1e7;

/** Rows × columns that a code base's data has at one degree; other resolutions follow. */
export type GridAtOneDegree = '181x360' | '180x360';

export const kindOf = (layout: ModelLayout, latitudes: number): GridKind =>
  layout === 'physicsnemo' ? 'physicsnemo' : latitudes % 2 === 1 ? 'poles' : 'no-poles';

export function checkGrid(grid: Grid, name: string, instead: string): Grid {
  const points = grid.latitudes * grid.longitudes;
  if (points > maximumGridPoints) {
    throw new InputError(
      'grid-too-large',
      `${name}: ${grid.latitudes} × ${grid.longitudes} is ${points.toLocaleString('en-US')} grid points; the limit is ${maximumGridPoints.toLocaleString('en-US')}.`,
      [instead],
    );
  }
  if (grid.latitudes < 2 || grid.longitudes < 3) {
    throw new InputError('grid-too-small', `${name}: a grid needs at least 2 latitudes and 3 longitudes.`, [instead]);
  }
  return grid;
}

export function parseGrid(text: string, layout: ModelLayout): Grid {
  const match = /^(\d{1,8})\s*[x×]\s*(\d{1,8})$/i.exec(text.trim());
  if (!match) {
    throw new InputError('not-a-grid', `--grid ${shown(text)}: must be LATxLON, two whole numbers joined by x.`, [
      '--grid 181x360',
    ]);
  }
  const latitudes = Number(match[1]);
  return checkGrid(
    { latitudes, longitudes: Number(match[2]), kind: kindOf(layout, latitudes) },
    `--grid ${shown(text)}`,
    '--grid 721x1440',
  );
}

export function parseResolution(text: string, layout: ModelLayout, atOneDegree: GridAtOneDegree): Grid {
  const degrees = parseDecimal(text, '--resolution', { minimum: 0, exclusiveMinimum: true, maximum: 60, example: '1' });
  return resolutionGrid(degrees, layout, atOneDegree, `--resolution ${shown(text)}`);
}

export function resolutionGrid(degrees: number, layout: ModelLayout, atOneDegree: GridAtOneDegree, name: string): Grid {
  const rows = Math.round(180 / degrees);
  // A tolerance for 0.703125 written as 0.7031: decimals people copy are rounded.
  if (Math.abs(rows * degrees - 180) > 0.05) {
    throw new InputError(
      'resolution-does-not-divide',
      `${name}: 180° is not a whole number of ${degrees}° steps, so no such grid exists.`,
      [`--resolution ${Number((180 / rows).toPrecision(9))}`, `--grid ${rows + 1}x${2 * rows}`],
    );
  }
  const latitudes = atOneDegree === '181x360' ? rows + 1 : rows;
  return checkGrid({ latitudes, longitudes: 2 * rows, kind: kindOf(layout, latitudes) }, name, '--resolution 0.25');
}
