import { gridName } from '../config/grid.js';
import type { GraphModel } from './grid2mesh.js';

/** All that the number of encoder edges depends on but the mesh level, which is the place in the list of counts. */
export function graphKey({ grid, mesh, radiusFraction, maxNeighbours }: GraphModel): string {
  const nearest = maxNeighbours === Number.POSITIVE_INFINITY ? '' : ' nearest';
  const latent = mesh === undefined ? '' : ` ${gridName(mesh)}`;
  return `${grid.latitudes}x${grid.longitudes} ${grid.kind} ${radiusFraction}${nearest}${latent}`;
}
