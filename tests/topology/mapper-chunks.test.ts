import fc from 'fast-check';
import { expect, it } from 'vitest';
import { counts, graphModelOf } from '../../src/models/counts.js';
import { h3Counts } from '../../src/topology/h3.js';
import { regularIcosahedron } from '../../src/topology/icosahedron.js';
import { balancedSizes, mapperChunks } from '../../src/topology/mapper-chunks.js';

it('chunks share out all receivers, sizes differing by one at most, and all edges', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), (numChunks) => {
      const grid = { latitudes: 13, longitudes: 24, kind: 'poles' } as const;
      const model = { grid, meshLevel: 2, radiusFraction: 0.6, layout: 'anemoi-gnn' } as const;
      const whole = counts(model);
      const { grid2mesh, mesh2grid } = mapperChunks(graphModelOf(model), numChunks);
      const sum = (chunks: typeof grid2mesh, key: 'edges' | 'receivers') =>
        chunks.reduce((total, chunk) => total + chunk[key], 0);
      expect([sum(grid2mesh, 'edges'), sum(mesh2grid, 'edges')]).toEqual([whole.grid2meshEdges, whole.mesh2gridEdges]);
      expect([sum(grid2mesh, 'receivers'), sum(mesh2grid, 'receivers')]).toEqual([whole.meshNodes, whole.gridNodes]);
      const sizes = balancedSizes(whole.meshNodes, numChunks);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 10 },
  );
});

it('a batch is cut as one graph: N · B chunks of B samples are the N chunks of each', () => {
  const grid = { latitudes: 13, longitudes: 24, kind: 'poles' } as const;
  const model = { grid, meshLevel: 2, radiusFraction: 0.6, layout: 'anemoi-gnn' } as const;
  for (const [numChunks, batchSize] of [
    [1, 4],
    [2, 3],
    [3, 2],
  ] as const) {
    const one = mapperChunks(graphModelOf(model), numChunks);
    const batch = mapperChunks(graphModelOf(model), numChunks * batchSize, batchSize);
    expect(batch.mesh2grid).toEqual(Array.from({ length: batchSize }, () => one.mesh2grid).flat());
    expect(batch.grid2mesh).toEqual(Array.from({ length: batchSize }, () => one.grid2mesh).flat());
  }
});

// anemoi's mapper in 4 chunks on PhysicsNeMo's 1 degree graph, counted in that graph: tests/data/anemoi.jsonl was traced on it.
it('the mesh is numbered as the released code numbers it: chunks of the 1 degree graph hold the edges that were counted there', () => {
  const grid = { latitudes: 181, longitudes: 360, kind: 'physicsnemo' } as const;
  const model = { grid, meshLevel: 5, radiusFraction: 0.6, layout: 'anemoi-gnn' };
  const { grid2mesh } = mapperChunks(graphModelOf(model), 4);
  expect(grid2mesh.map(({ edges }) => edges)).toEqual([24977, 22489, 35776, 18650]);
  expect(grid2mesh.map(({ senders }) => senders)).toEqual([24977, 16738, 26468, 13991]);
});

it('the faces of the icosahedron are all triples of mutual neighbours, each once and counterclockwise', () => {
  const { positions, faces } = regularIcosahedron();
  const at = (vertex: number) => [0, 1, 2].map((axis) => positions[3 * vertex + axis]!);
  const dot = (a: number[], b: number[]) => a.reduce((sum, each, axis) => sum + each * b[axis]!, 0);
  const cross = ([a, b, c]: number[], [d, e, f]: number[]) => [b! * f! - c! * e!, c! * d! - a! * f!, a! * e! - b! * d!];
  const seen = new Set<string>();
  for (let face = 0; face < faces.length; face += 3) {
    const corners = [...faces.slice(face, face + 3)];
    const [a, b, c] = corners.map(at) as [number[], number[], number[]];
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const)
      expect(dot(from, to)).toBeGreaterThan(0);
    expect(dot(cross(a, b), c)).toBeGreaterThan(0);
    seen.add(corners.toSorted((x, y) => x - y).join(' '));
  }
  expect(seen.size).toBe(20);
});

// Counted with the h3 library in graph_weather's own graphs (tests/data/anemoi.jsonl).
it.each([
  [2, 2_664, { cells: 5_882, meshEdges: 41_162, mesh2gridEdges: 18_644 }],
  [2, 65_160, { cells: 5_882, meshEdges: 41_162, mesh2gridEdges: 456_058 }],
  [3, 65_160, { cells: 41_162, meshEdges: 288_122, mesh2gridEdges: 456_106 }],
])(
  'H3 resolution %i over %i points: cells and their edges exact, the decoder within 0.03 %%',
  (resolution, points, truth) => {
    const counted = h3Counts({ latitudes: 1, longitudes: points, kind: 'poles' }, resolution);
    expect(counted.meshNodes).toBe(truth.cells);
    expect(counted.meshEdges).toBe(truth.meshEdges);
    expect(counted.grid2meshEdges).toBe(points);
    expect(Math.abs(counted.mesh2gridEdges / truth.mesh2gridEdges - 1)).toBeLessThan(3e-4);
  },
);
