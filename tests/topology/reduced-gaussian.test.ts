/**
 * Against two independent counts: anemoi-graphs 0.9.8 itself (exact), and a k-d tree query of the same rule, which differs by up to 6 edges at
 * points exactly on the radius. Totals of the classic grids: eccodes 2.50.
 */
import { describe, expect, it } from 'vitest';
import { numPoints, parseReducedGaussian } from '../../src/config/grid.js';
import { icosahedralCounts } from '../../src/topology/counts.js';
import { gaussianLatitudes, rowLengths } from '../../src/topology/reduced-gaussian.js';
import { cutoffEdges, largestSpacing, nearestMeshEdges, triNodePositions } from '../../src/topology/reduced-graph.js';

const gridOf = (name: string) => parseReducedGaussian(name)!;

it.each([
  ['o32', 5_248],
  ['o48', 10_944],
  ['o96', 40_320],
  ['o160', 108_160],
  ['o1280', 6_599_680],
  ['n32', 6_114],
  ['n128', 88_838],
  ['N320', 542_080],
  ['n640', 2_140_702],
])('%s has %i points, by its total and by its rows', (name, points) => {
  expect(numPoints(gridOf(name))).toBe(points);
  expect(rowLengths(gridOf(name)).reduce((sum, length) => sum + length, 0)).toBe(points);
});

it('latitudes are the nodes of Gauss–Legendre quadrature: it integrates polynomials up to degree 2n − 1 exactly', () => {
  const nodes = [...gaussianLatitudes(16)].map(Math.sin);
  // Weights from the moments of even powers, solved by the nodes' own Lagrange polynomials.
  const weight = (i: number) => {
    const others = nodes.filter((_, j) => j !== i);
    const at = (x: number) => others.reduce((product, other) => (product * (x - other)) / (nodes[i]! - other), 1);
    let sum = 0;
    for (let step = 0; step < 20_000; step++) sum += at(-1 + (2 * (step + 0.5)) / 20_000);
    return (2 * sum) / 20_000;
  };
  const weights = nodes.map((_, i) => weight(i));
  for (const power of [0, 2, 10, 20, 30])
    expect(nodes.reduce((sum, x, i) => sum + weights[i]! * x ** power, 0)).toBeCloseTo(2 / (power + 1), 5);
});

it.each([
  [3, 0.158459],
  [4, 0.081776],
  [5, 0.041232],
  [6, 0.02066],
])('TriNodes %i: the farthest nearest neighbour is at %f', (level, spacing) => {
  expect(largestSpacing(triNodePositions(level))).toBeCloseTo(spacing, 5);
});

describe('encoder edges by cut-off 0.6', () => {
  it.each([
    ['o32', 3, 7_568, 0],
    ['o96', 4, 62_544, 0],
    ['o96', 5, 62_980, 0],
    ['o32', 4, 8_100, 6],
    ['o48', 4, 16_964, 6],
    ['o96', 6, 64_208, 6],
    ['n128', 5, 139_376, 6],
  ] as const)('%s → TriNodes %i: %i', (name, meshLevel, edges, tolerance) => {
    const found = cutoffEdges({ grid: gridOf(name), meshLevel, radiusFraction: 0.6 }).senders.length;
    expect(Math.abs(found - edges)).toBeLessThanOrEqual(tolerance);
  });
});

describe('encoder edges to a latent grid by cut-off 0.6', () => {
  it.each([
    // anemoi-graphs 0.9.8; N320 → O96 is AIFS's, whose published weights have 748,348.
    ['o96', 'o48', 51_608, 0],
    ['n320', 'o96', 748_354, 6],
    // The k-d tree's.
    ['o96', 'o32', 56_536, 6],
  ] as const)('%s → %s: %i', (data, latent, edges, tolerance) => {
    const graph = { grid: gridOf(data), mesh: gridOf(latent), meshLevel: 0, radiusFraction: 0.6 };
    expect(Math.abs(cutoffEdges(graph).senders.length - edges)).toBeLessThanOrEqual(tolerance);
    const known = icosahedralCounts({ ...graph, maxNeighbours: Number.POSITIVE_INFINITY });
    expect(Math.abs(known.grid2meshEdges - edges)).toBeLessThanOrEqual(data === 'n320' ? 0 : tolerance);
    expect(known).toMatchObject({ meshNodes: numPoints(gridOf(latent)), mesh2gridEdges: 3 * numPoints(gridOf(data)) });
  });
});

it('every grid point has three different mesh nodes', () => {
  const grid = gridOf('o32');
  const { senders, receivers } = nearestMeshEdges({ grid, meshLevel: 3 });
  expect(senders.length).toBe(3 * 5_248);
  expect(receivers[receivers.length - 1]).toBe(5_247);
  expect(new Set([0, 1, 2].map((each) => senders[each])).size).toBe(3);
});
