/**
 * Latitude-longitude grids. DeepMind's data at D degrees has 180/D + 1 rows with both poles (181 × 360 at 1°); other data sets have
 * 180/D rows, half a cell off the poles. PhysicsNeMo lays its own linspace over whatever number of rows it is given.
 */
import { InputError } from '../errors.js';
import { shown } from './nearest.js';
import { parseDecimal } from './numbers.js';
import type { Grid, GridKind } from './types.js';

/** 0.05° is 25.9 million points, 0.1° 6.5 million. */
export const maximumGridPoints = 1e7;

/** Points of the classic reduced Gaussian grids, whose rows are a table (eccodes 2.50, samples reduced_gg_pl_N_grib2). */
const classicPoints: Readonly<Record<number, number>> = {
  32: 6_114,
  48: 13_280,
  80: 35_718,
  96: 50_662,
  128: 88_838,
  160: 138_346,
  200: 213_988,
  256: 348_528,
  320: 542_080,
  400: 843_490,
  512: 1_373_624,
  640: 2_140_702,
  1024: 5_447_118,
  1280: 8_505_906,
};

/** In degrees; of files as of flags. */
const largestResolution = 60;

/** Rows × columns that a code base's data has at one degree; other resolutions follow. */
export type GridAtOneDegree = '181x360' | '180x360';

/** What a number of rows means where nobody says it: each code base has its own reading. */
export type KindOfRows = (latitudes: number) => GridKind;

export const kindOfRows: KindOfRows = (latitudes) => (latitudes % 2 === 1 ? 'poles' : 'no-poles');

export const isReducedGaussian = ({ kind }: Pick<Grid, 'kind'>): boolean => kind === 'octahedral' || kind === 'classic';

export function numPoints(grid: Grid): number {
  const toPole = grid.latitudes / 2;
  switch (grid.kind) {
    case 'octahedral':
      return 4 * toPole * (toPole + 9);
    case 'classic':
      return classicPoints[toPole]!;
    default:
      return grid.latitudes * grid.longitudes;
  }
}

/** As a person writes it: `181×360`, `o96`. */
export const gridName = (grid: Grid): string =>
  isReducedGaussian(grid)
    ? `${grid.kind[0] === 'o' ? 'o' : 'n'}${grid.latitudes / 2}`
    : `${grid.latitudes}×${grid.longitudes}`;

export function checkGrid(grid: Grid, name: string, instead: string): Grid {
  const points = numPoints(grid);
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

export function parseGrid(text: string, kindOf: KindOfRows): Grid {
  const reduced = parseReducedGaussian(text);
  if (reduced !== undefined) return checkGrid(reduced, `--grid ${shown(text)}`, '--grid o96');
  const match = /^(\d{1,8})\s*[x×]\s*(\d{1,8})$/i.exec(text.trim());
  if (!match) {
    throw new InputError(
      'not-a-grid',
      `--grid ${shown(text)}: must be LATxLON, two whole numbers joined by x, or a reduced Gaussian grid (o96, n320).`,
      [
        '--grid 181x360',
        `Classic grids that are known: ${Object.keys(classicPoints)
          .map((n) => `n${n}`)
          .join(', ')}.`,
      ],
    );
  }
  const latitudes = Number(match[1]);
  return checkGrid(
    { latitudes, longitudes: Number(match[2]), kind: kindOf(latitudes) },
    `--grid ${shown(text)}`,
    '--grid 721x1440',
  );
}

export function parseResolution(text: string, kindOf: KindOfRows, atOneDegree: GridAtOneDegree): Grid {
  const degrees = parseDecimal(text, '--resolution', {
    minimum: 0,
    exclusiveMinimum: true,
    maximum: largestResolution,
    example: '1',
  });
  return resolutionGrid(degrees, kindOf, atOneDegree, `--resolution ${shown(text)}`);
}

export function resolutionGrid(degrees: number, kindOf: KindOfRows, atOneDegree: GridAtOneDegree, name: string): Grid {
  if (!(degrees > 0 && degrees <= largestResolution))
    throw new InputError('out-of-range', `${name}: must be a number above 0 and at most ${largestResolution}.`, [
      '--resolution 1',
    ]);
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
  return checkGrid({ latitudes, longitudes: 2 * rows, kind: kindOf(latitudes) }, name, '--resolution 0.25');
}

/** `o96` (octahedral: 20 + 4i points in the i-th row from a pole), `N320` (classic); nothing where it is no such name. */
export function parseReducedGaussian(text: string): Grid | undefined {
  const [, letter, number] = /^([on])(\d{1,4})$/i.exec(text.trim()) ?? [];
  const toPole = Number(number);
  if (letter === undefined || toPole === 0) return undefined;
  if (letter.toLowerCase() === 'o') return { latitudes: 2 * toPole, longitudes: 16 + 4 * toPole, kind: 'octahedral' };
  return toPole in classicPoints ? { latitudes: 2 * toPole, longitudes: 4 * toPole, kind: 'classic' } : undefined;
}
