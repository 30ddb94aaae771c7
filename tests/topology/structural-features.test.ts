import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gridPositions } from '../../src/topology/grid.js';
import { grid2meshEdges } from '../../src/topology/grid2mesh.js';
import { buildMesh } from '../../src/topology/icosahedral-mesh.js';
import { edgeFeatures, nodeFeatures } from '../../src/topology/structural-features.js';

const grid = { latitudes: 13, longitudes: 24, kind: 'poles' } as const;
const points = gridPositions(grid);
const mesh = buildMesh(2).positions;
const edges = grid2meshEdges({ grid, meshLevel: 2, radiusFraction: 0.6, maxNeighbours: Number.POSITIVE_INFINITY });

test('node features are sin latitude, cos longitude, sin longitude of the grid that was laid out', () => {
  const features = nodeFeatures(points);
  for (let row = 1; row < 12; row++) {
    for (let column = 0; column < 24; column++) {
      const latitude = ((row - 6) * Math.PI) / 12;
      const longitude = (column * Math.PI) / 12;
      const expected = [Math.sin(latitude), Math.cos(longitude), Math.sin(longitude)];
      for (const [place, value] of expected.entries())
        expect(features[3 * (row * 24 + column) + place]).toBeCloseTo(value, 5);
    }
  }
});

test('the first edge feature is the length of the other three, at most 1, and 1 for the longest edge', () => {
  const features = edgeFeatures(points, mesh, edges);
  let longest = 0;
  for (let at = 0; at < features.length; at += 4) {
    expect(Math.hypot(features[at + 1]!, features[at + 2]!, features[at + 3]!)).toBeCloseTo(features[at]!, 5);
    longest = Math.max(longest, features[at]!);
  }
  expect(longest).toBe(1);
});

test('edge features do not change when the sphere turns about its axis', () => {
  const before = edgeFeatures(points, mesh, edges);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 6.3, noNaN: true }), (angle) => {
      const after = edgeFeatures(turned(points, angle), turned(mesh, angle), edges);
      for (const [place, value] of before.entries()) expect(after[place]).toBeCloseTo(value, 4);
    }),
    { numRuns: 10 },
  );
});

test('a sender to the east is at +y, one to the north at +z, whatever the receiver', () => {
  const receiver = onSphere(0.4, 2);
  const east = onSphere(0.4, 2.01);
  const north = onSphere(0.41, 2);
  const ends = { senders: Int32Array.of(0, 1), receivers: Int32Array.of(0, 0) };
  const [, , eastY, , , , northY, northZ] = edgeFeatures(
    Float64Array.of(...east, ...north),
    Float64Array.of(...receiver),
    ends,
  );
  expect(eastY).toBeGreaterThan(0.9);
  expect(northY).toBeCloseTo(0, 5);
  expect(northZ).toBeGreaterThan(0.9);
});

const onSphere = (latitude: number, longitude: number): number[] => [
  Math.cos(latitude) * Math.cos(longitude),
  Math.cos(latitude) * Math.sin(longitude),
  Math.sin(latitude),
];

function turned(positions: Float64Array, angle: number): Float64Array {
  return positions.map((value, place) => {
    if (place % 3 === 0) return value * Math.cos(angle) - positions[place + 1]! * Math.sin(angle);
    return place % 3 === 1 ? positions[place - 1]! * Math.sin(angle) + value * Math.cos(angle) : value;
  });
}
