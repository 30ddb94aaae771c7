import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../src/models/index.js';
import type { Grid } from '../../src/config/types.js';
import { gridPositions } from '../../src/topology/grid.js';
import { refinedIcosahedron } from '../../src/topology/icosahedral-mesh.js';
import { forEachRun } from '../../src/topology/radius-query.js';

const grids = fc.record<Grid>({
  latitudes: fc.integer({ min: 1, max: 16 }),
  longitudes: fc.integer({ min: 1, max: 20 }),
  kind: fc.constantFrom('poles', 'no-poles', 'cut', 'physicsnemo'),
});

test('the query by runs finds exactly the pairs that measuring every pair finds', () => {
  fc.assert(
    fc.property(
      grids,
      fc.integer({ min: 0, max: 2 }),
      fc.double({ min: 0.001, max: 2.1, noNaN: true }),
      (grid, level, radius) => {
        const { positions } = refinedIcosahedron(level);
        expect(pairsByRuns(positions, grid, radius)).toEqual(pairsByMeasuring(positions, grid, radius));
      },
    ),
    { numRuns: 300 },
  );
});

test('a radius that is exactly the distance of a pair is settled as measuring settles it', () => {
  fc.assert(
    fc.property(grids, fc.integer({ min: 0, max: 2 }), fc.nat(), fc.nat(), (grid, level, anyNode, anyPoint) => {
      const { positions } = refinedIcosahedron(level);
      const points = gridPositions(grid);
      const node = anyNode % (positions.length / 3);
      const point = anyPoint % (points.length / 3);
      const radius = Math.sqrt(squaredDistance(points, point, positions, node));
      for (const near of [radius, radius * (1 + 1e-9), radius * (1 - 1e-9)]) {
        expect(pairsByRuns(positions, grid, near)).toEqual(pairsByMeasuring(positions, grid, near));
      }
    }),
    { numRuns: 100 },
  );
});

function pairsByRuns(mesh: Float64Array, grid: Grid, radius: number): number[] {
  const pairs: number[] = [];
  forEachRun(mesh, grid, radius, (node, first, length) => {
    for (let point = first; point < first + length; point++) pairs.push(point * (mesh.length / 3) + node);
  });
  return pairs.sort((a, b) => a - b);
}

function pairsByMeasuring(mesh: Float64Array, grid: Grid, radius: number): number[] {
  const points = gridPositions(grid);
  const pairs: number[] = [];
  for (let point = 0; point < points.length / 3; point++) {
    for (let node = 0; node < mesh.length / 3; node++) {
      if (squaredDistance(points, point, mesh, node) <= radius * radius) pairs.push(point * (mesh.length / 3) + node);
    }
  }
  return pairs;
}

const squaredDistance = (points: Float64Array, point: number, mesh: Float64Array, node: number): number =>
  (points[3 * point]! - mesh[3 * node]!) ** 2 +
  (points[3 * point + 1]! - mesh[3 * node + 1]!) ** 2 +
  (points[3 * point + 2]! - mesh[3 * node + 2]!) ** 2;
