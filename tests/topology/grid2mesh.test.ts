import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../src/models/index.js';
import { physicsnemo } from '../../src/models/physicsnemo/index.js';
import { gridPositions } from '../../src/topology/grid.js';
import { type GraphModel, grid2meshEdges, queryNumGrid2meshEdges } from '../../src/topology/grid2mesh.js';
import { longestEdge, refinedIcosahedron } from '../../src/topology/icosahedral-mesh.js';

const models = fc.record<GraphModel>({
  grid: fc.record({
    latitudes: fc.integer({ min: 2, max: 20 }),
    longitudes: fc.integer({ min: 2, max: 40 }),
    kind: fc.constantFrom('poles', 'no-poles', 'cut', 'physicsnemo'),
  }),
  meshLevel: fc.integer({ min: 0, max: 3 }),
  // From 2 on PhysicsNeMo's four are in reach, and at some point everything is.
  radiusFraction: fc.oneof(
    fc.double({ min: 0.3, max: 2.5, noNaN: true }),
    fc.double({ min: 1.9, max: 2.1, noNaN: true }),
    fc.double({ min: 1, max: 30, noNaN: true }),
  ),
  maxNeighbours: fc.constantFrom(Number.POSITIVE_INFINITY, 4),
});

test('the list of edges is as long as the count, ordered by grid node, without doubles', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { senders, receivers } = grid2meshEdges(model);
      expect(senders.length).toBe(queryNumGrid2meshEdges(model));
      expect(receivers.length).toBe(senders.length);
      expect(senders).toEqual(senders.slice().sort());
      expect(new Set(Array.from(senders, (sender, edge) => `${sender} ${receivers[edge]}`)).size).toBe(senders.length);
    }),
  );
});

test('PhysicsNeMo keeps the four nearest of the mesh nodes in reach', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { senders, receivers } = grid2meshEdges({ ...model, maxNeighbours: physicsnemo.graph.maxNeighbours });
      const mesh = refinedIcosahedron(model.meshLevel);
      const points = gridPositions(model.grid);
      const radius = model.radiusFraction * longestEdge(mesh);
      for (let sender = 0; sender < points.length / 3; sender++) {
        const distances = Array.from({ length: mesh.positions.length / 3 }, (_, node) =>
          distance(points, sender, mesh.positions, node),
        );
        const nearest = distances
          .filter((each) => each <= radius)
          .sort((a, b) => a - b)
          .slice(0, 4);
        const found = Array.from(
          receivers.subarray(senders.indexOf(sender), senders.lastIndexOf(sender) + 1),
          (node) => distances[node]!,
        ).sort((a, b) => a - b);
        expect(found).toEqual(nearest);
      }
    }),
  );
});

test("at GraphCast's 0.6 every grid node has one to three neighbours from level 1 on, so PhysicsNeMo's four do not bind", () => {
  for (const kind of ['poles', 'no-poles', 'cut', 'physicsnemo'] as const) {
    for (const meshLevel of [1, 2, 3, 4]) {
      const grid = { latitudes: 91, longitudes: 180, kind };
      const { senders } = grid2meshEdges({
        grid,
        meshLevel,
        radiusFraction: 0.6,
        maxNeighbours: Number.POSITIVE_INFINITY,
      });
      const numNeighbours = new Array<number>(91 * 180).fill(0);
      for (const sender of senders) numNeighbours[sender]!++;
      expect(Math.min(...numNeighbours)).toBe(1);
      expect(Math.max(...numNeighbours)).toBeLessThanOrEqual(3);
    }
  }
});

const distance = (points: Float64Array, point: number, mesh: Float64Array, node: number): number =>
  Math.sqrt(
    (points[3 * point]! - mesh[3 * node]!) ** 2 +
      (points[3 * point + 1]! - mesh[3 * node + 1]!) ** 2 +
      (points[3 * point + 2]! - mesh[3 * node + 2]!) ** 2,
  );
