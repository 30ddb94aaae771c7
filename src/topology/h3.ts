/**
 * H3 cells as graph_weather uses them (openclimatefix/graph_weather 1.0.146, models/layers/encoder.py and assimilator_decoder.py): a grid
 * point is joined to its cell, a cell to its neighbours and itself, and a grid point to its cell's neighbours and the cell.
 * Source of the cell count: h3geo.org, "Tables of cell statistics across resolutions".
 */
import type { Counts, Grid } from '../config/types.js';
import { numGridNodes } from './grid.js';

/** The pentagons have five neighbours; all other cells have six. */
const numPentagons = 12;
const numNeighbours = 6;

export const numCells = (resolution: number): number => 2 + 120 * 7 ** resolution;

export const numH3MeshEdges = (resolution: number): number => (numNeighbours + 1) * numCells(resolution) - numPentagons;

/** mesh2grid leaves out that a point in a pentagon has one edge less: fewer than 70 of 456,120 at 1 degree. */
export function h3Counts(grid: Grid, resolution: number): Counts {
  const gridNodes = numGridNodes(grid);
  const meshNodes = numCells(resolution);
  return {
    gridNodes,
    meshNodes,
    meshEdges: numH3MeshEdges(resolution),
    grid2meshEdges: gridNodes,
    mesh2gridEdges: (numNeighbours + 1) * gridNodes,
  };
}
