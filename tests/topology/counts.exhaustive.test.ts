import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Grid, GridKind, Model } from '../../src/config/types.js';
import { counts, graphModelOf } from '../../src/models/counts.js';
import { publishedGraphs } from '../../src/models/published-graphs.js';
import { graphKey, icosahedralCounts, roughNumGrid2meshEdges } from '../../src/topology/counts.js';
import { PUBLISHED_COUNTS } from '../../src/topology/data/published-counts.js';
import { queryNumGrid2meshEdges } from '../../src/topology/grid2mesh.js';
import edges from '../data/edges.json' with { type: 'json' };

/** PhysicsNeMo's rows were counted with other sines, so points on the rim of the reach may fall the other way. */
const rimPoints = (kind: GridKind): number => (kind === 'physicsnemo' ? 8 : 0);

/** Source of the rows: `note` in the file. Why `PN` rows are float32 too: docs/decisions/0004. */
const gridNames = [...new Set(edges.g2m.map(({ grid }) => grid))];

test.each(gridNames)(
  '%s: nodes and edges as GraphCast code counts them, but for 8 grid2mesh edges of PhysicsNeMo',
  (name) => {
    const grid = gridOfRow(name);
    for (const row of edges.g2m.filter(({ grid }) => grid === name)) {
      const model = { grid, meshLevel: row.mesh, radiusFraction: row.fraction, layout: layoutOf(grid.kind) };
      expect
        .soft(Math.abs(queryNumGrid2meshEdges(graphModelOf(model)) - row.edges), `level ${row.mesh}, ${row.fraction}`)
        .toBeLessThanOrEqual(rimPoints(grid.kind));
      const { gridNodes, mesh2gridEdges, meshNodes, meshEdges } = counts(model);
      const mesh = edges.mesh[String(row.mesh) as keyof typeof edges.mesh];
      expect({ gridNodes, mesh2gridEdges, meshNodes, meshEdges }).toEqual({
        gridNodes: row.n_grid,
        mesh2gridEdges: row.mesh2grid,
        meshNodes: mesh.nodes,
        meshEdges: mesh.multimesh_edges,
      });
    }
  },
);

test('the file of rows has all 174', () => {
  expect(edges.g2m).toHaveLength(174);
});

test('the released models have 1,618,818 and 101,892 grid2mesh edges', () => {
  const quarterDegree: Grid = { latitudes: 721, longitudes: 1440, kind: 'poles' };
  const oneDegree: Grid = { latitudes: 181, longitudes: 360, kind: 'poles' };
  expect(counts({ grid: quarterDegree, meshLevel: 6, radiusFraction: 0.6, layout: 'jax' }).grid2meshEdges).toBe(
    1_618_818,
  );
  expect(counts({ grid: oneDegree, meshLevel: 5, radiusFraction: 0.6, layout: 'jax' }).grid2meshEdges).toBe(101_892);
});

test('every shipped count is one of the published graphs and the other way round', () => {
  const shipped = Object.entries(PUBLISHED_COUNTS).flatMap(([graph, byLevel]) =>
    byLevel.map((_, level) => `${graph} ${level}`),
  );
  expect(shipped.sort()).toEqual(
    publishedGraphs()
      .map((graph) => `${graphKey(graph)} ${graph.meshLevel}`)
      .sort(),
  );
});

test('a shipped count is what the query finds (another random sample at every run)', () => {
  fc.assert(
    fc.property(fc.constantFrom(...publishedGraphs()), (graph) => {
      expect(icosahedralCounts(graph).grid2meshEdges).toBe(queryNumGrid2meshEdges(graph));
    }),
    { numRuns: 25 },
  );
});

test('a count that is not shipped is what the query finds, also when asked again', () => {
  const model = {
    grid: { latitudes: 17, longitudes: 36, kind: 'poles' },
    meshLevel: 2,
    radiusFraction: 0.73,
    layout: 'jax',
  } as const;
  const found = queryNumGrid2meshEdges(graphModelOf(model));
  expect([counts(model).grid2meshEdges, counts(model).grid2meshEdges]).toEqual([found, found]);
});

test('the rough count is within a quarter of the true one for every published graph without a limit on neighbours', () => {
  for (const graph of publishedGraphs().filter(({ maxNeighbours }) => maxNeighbours === Number.POSITIVE_INFINITY)) {
    const ratio = roughNumGrid2meshEdges(graph) / icosahedralCounts(graph).grid2meshEdges;
    expect.soft(ratio, graphKey(graph)).toBeGreaterThan(0.75);
    expect.soft(ratio, graphKey(graph)).toBeLessThan(1.25);
  }
});

test('the largest graph, 10⁷ points on level 8, is counted within 30 s', { timeout: 30_000 }, () => {
  const grid: Grid = { latitudes: 2236, longitudes: 4472, kind: 'poles' };
  const { grid2meshEdges } = counts({ grid, meshLevel: 8, radiusFraction: 0.6, layout: 'jax' });
  // Between one and three neighbours per grid node, as on every grid.
  expect(grid2meshEdges / (2236 * 4472)).toBeGreaterThan(1);
  expect(grid2meshEdges / (2236 * 4472)).toBeLessThan(3);
});

function gridOfRow(name: string): Grid {
  const [, first, second] = /(\d+)x(\d+)/.exec(name)!.map(Number);
  // WeatherBench2 writes longitudes first.
  if (name.startsWith('WB2')) return { latitudes: second!, longitudes: first!, kind: 'poles' };
  return { latitudes: first!, longitudes: second!, kind: kindOfRow(name) };
}

function kindOfRow(name: string): GridKind {
  if (name.startsWith('PN ')) return 'physicsnemo';
  if (name.includes('(cut)')) return 'cut';
  return /no ?poles/.test(name) ? 'no-poles' : 'poles';
}

const layoutOf = (kind: GridKind): Model['layout'] => (kind === 'physicsnemo' ? 'physicsnemo' : 'jax');
