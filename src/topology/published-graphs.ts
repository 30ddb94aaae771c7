/** Graphs whose counts ship with the program (`data/published-counts.ts`), so that a new process answers without a query. */
import type { Grid } from '../config/types.js';
import type { GraphModel } from './grid2mesh.js';

/** PhysicsNeMo's shallow-water example (0.125°), ERA5, WeatherBench and the demos' coarse data sets. */
const RESOLUTIONS_DEG = [0.125, 0.25, 0.5, 0.703125, 1, 1.40625, 1.5, 2, 2.8125, 4, 5.625, 6];
/** GraphCast's, and the one that its paper found better and larger. */
const RADIUS_FRACTIONS = [0.6, 1];
const MESH_LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export const publishedGraphs = (): GraphModel[] =>
  RESOLUTIONS_DEG.flatMap(gridsOfResolution).flatMap((grid) =>
    RADIUS_FRACTIONS.flatMap((radiusFraction) =>
      MESH_LEVELS.map((meshLevel) => ({
        grid,
        radiusFraction,
        meshLevel,
        layout: grid.kind === 'physicsnemo' ? 'physicsnemo' : 'jax',
      })),
    ),
  );

function gridsOfResolution(resolutionDeg: number): Grid[] {
  const intervals = Math.round(180 / resolutionDeg);
  const longitudes = 2 * intervals;
  return [
    { latitudes: intervals + 1, longitudes, kind: 'poles' },
    { latitudes: intervals, longitudes, kind: 'no-poles' },
    { latitudes: intervals, longitudes, kind: 'cut' },
    { latitudes: intervals + 1, longitudes, kind: 'physicsnemo' },
    { latitudes: intervals, longitudes, kind: 'physicsnemo' },
  ];
}

/** All that the count depends on but the mesh level, which is the place in the list of counts. */
export function graphKey({ grid, radiusFraction, layout }: GraphModel): string {
  const nearest = layout === 'physicsnemo' ? ' nearest' : '';
  return `${grid.latitudes}x${grid.longitudes} ${grid.kind} ${radiusFraction}${nearest}`;
}
