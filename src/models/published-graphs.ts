/** Graphs whose counts ship with the program (`topology/data/published-counts.ts`), so that a new process answers without a query. */
import { typedGridKinds } from '../config/choices.js';
import type { Grid, GridKind } from '../config/types.js';
import type { GraphModel } from '../topology/grid2mesh.js';
import { codeBases } from './index.js';

/** PhysicsNeMo's shallow-water example (0.125°), ERA5, WeatherBench and the demos' coarse data sets. */
const RESOLUTIONS_DEG = [0.125, 0.25, 0.5, 0.703125, 1, 1.40625, 1.5, 2, 2.8125, 4, 5.625, 6];
/** GraphCast's, and the one that its paper found better and larger. */
const RADIUS_FRACTIONS = [0.6, 1];
const MESH_LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export function publishedGraphs(): GraphModel[] {
  const ownGrids = codeBases().flatMap(({ ownGrid, graph }) =>
    ownGrid === undefined ? [] : [{ kind: ownGrid.kind, maxNeighbours: graph.maxNeighbours }],
  );
  return RESOLUTIONS_DEG.flatMap((resolutionDeg) => {
    const shared = typedGridKinds.map((kind) => ({
      grid: gridOf(resolutionDeg, kind, kind === 'poles'),
      maxNeighbours: Number.POSITIVE_INFINITY,
    }));
    const own = ownGrids.flatMap(({ kind, maxNeighbours }) =>
      [true, false].map((bothPoles) => ({ grid: gridOf(resolutionDeg, kind, bothPoles), maxNeighbours })),
    );
    return [...shared, ...own];
  }).flatMap(({ grid, maxNeighbours }) =>
    RADIUS_FRACTIONS.flatMap((radiusFraction) =>
      MESH_LEVELS.map((meshLevel) => ({ grid, radiusFraction, meshLevel, maxNeighbours })),
    ),
  );
}

function gridOf(resolutionDeg: number, kind: GridKind, bothPoles: boolean): Grid {
  const intervals = Math.round(180 / resolutionDeg);
  return { latitudes: intervals + (bothPoles ? 1 : 0), longitudes: 2 * intervals, kind };
}
