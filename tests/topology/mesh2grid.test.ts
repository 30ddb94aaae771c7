import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../src/models/index.js';
import { gridPositions } from '../../src/topology/grid.js';
import { refinedIcosahedron } from '../../src/topology/icosahedral-mesh.js';
import { mesh2gridEdges } from '../../src/topology/mesh2grid.js';

const models = fc.record({
  grid: fc.record({
    latitudes: fc.integer({ min: 2, max: 20 }),
    longitudes: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom('poles' as const, 'no-poles' as const, 'cut' as const, 'physicsnemo' as const),
  }),
  meshLevel: fc.integer({ min: 0, max: 4 }),
});

test('each grid node receives from the three corners of one finest triangle', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { senders, receivers } = mesh2gridEdges(model);
      const faces = refinedIcosahedron(model.meshLevel).facesByLevel.at(-1)!;
      const triangles = new Set(triples(faces));
      expect(triples(senders).every((corners) => triangles.has(corners))).toBe(true);
      expect(receivers).toEqual(Int32Array.from({ length: senders.length }, (_, edge) => Math.floor(edge / 3)));
      expect(senders.length).toBe(3 * model.grid.latitudes * model.grid.longitudes);
    }),
  );
});

test('the grid point is a combination of these corners with no negative weight beyond rounding', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { senders } = mesh2gridEdges(model);
      const mesh = refinedIcosahedron(model.meshLevel).positions;
      const points = gridPositions(model.grid);
      for (let point = 0; point < points.length / 3; point++) {
        const corners = Array.from(senders.subarray(3 * point, 3 * point + 3), (node) => at(mesh, node));
        for (const weight of weights(corners, at(points, point))) expect(weight).toBeGreaterThan(-1e-4);
      }
    }),
  );
});

type Vector = readonly [number, number, number];
const at = (positions: Float64Array, node: number): Vector => [
  positions[3 * node]!,
  positions[3 * node + 1]!,
  positions[3 * node + 2]!,
];
const triples = (nodes: Int32Array): string[] =>
  Array.from({ length: nodes.length / 3 }, (_, face) => nodes.subarray(3 * face, 3 * face + 3).join(' '));
const determinant = ([a, b, c]: Vector, [d, e, f]: Vector, [g, h, i]: Vector): number =>
  a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);

/** Cramer's rule. */
function weights(corners: readonly Vector[], point: Vector): number[] {
  const [a, b, c] = corners as [Vector, Vector, Vector];
  const whole = determinant(a, b, c);
  return [determinant(point, b, c) / whole, determinant(a, point, c) / whole, determinant(a, b, point) / whole];
}
