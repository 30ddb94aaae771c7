import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveness } from '../../src/memory/liveness.js';
import { counts, graphModelOf } from '../../src/models/counts.js';
import { dimensionsOf } from '../../src/models/dimensions.js';
import { resolveConfig } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { runtimes } from '../../src/parallel/index.js';
import { Bisection, edgesPerRank, partition } from '../../src/parallel/partition.js';
import { buildMesh } from '../../src/topology/icosahedral-mesh.js';

const model = (meshLevel: number) =>
  ({ grid: { latitudes: 31, longitudes: 60, kind: 'poles' }, meshLevel, radiusFraction: 0.6, layout: 'jax' }) as const;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('partition', () => {
  it('gives every node and every edge to exactly one rank, and nodes as evenly as they divide', () =>
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 17 }), (meshLevel, numRanks) => {
        const whole = counts(model(meshLevel));
        const ranks = partition(graphModelOf(model(meshLevel)), numRanks);
        for (const rows of ['gridNodes', 'meshNodes', 'meshEdges', 'grid2meshEdges', 'mesh2gridEdges'] as const)
          expect(sum(ranks.map((rank) => rank[rows]))).toBe(whole[rows]);
        const nodes = ranks.map(({ meshNodes }) => meshNodes);
        expect(Math.max(...nodes) - Math.min(...nodes)).toBeLessThanOrEqual(Math.ceil(Math.log2(numRanks)) + 1);
      }),
      { numRuns: 12 },
    ));

  it('counts as halo what a walk over the edges finds', () => {
    const mesh = buildMesh(3);
    const owner = new Bisection(mesh.positions).owners(5);
    const edges = { senders: mesh.multiMeshSenders, receivers: mesh.multiMeshReceivers };
    const { senders, halo } = edgesPerRank(edges, owner, owner, 5);
    for (let rank = 0; rank < 5; rank++) {
      const needed = new Set<number>();
      for (const [edge, receiver] of edges.receivers.entries())
        if (owner[receiver] === rank) needed.add(edges.senders[edge]!);
      expect(senders[rank]).toBe(needed.size);
      expect(halo[rank]).toBe([...needed].filter((node) => owner[node] !== rank).length);
    }
  });

  it('owns the same whatever numbers of ranks were asked for before', () => {
    const { positions } = buildMesh(4);
    const asked = new Bisection(positions);
    for (const numRanks of [2, 4, 16, 8, 6, 12, 32, 1, 64])
      expect(asked.owners(numRanks)).toEqual(new Bisection(positions).owners(numRanks));
  });

  it('cuts neighbourhoods, not numbers: the halo of the finest edges is a rim', () => {
    const { meshNodes, meshHalo } = partition(graphModelOf(model(5)), 8)[0]!;
    // Multi-mesh edges of the coarse levels reach far, yet few nodes have them.
    expect(meshHalo).toBeLessThan(0.5 * meshNodes);
  });
});

const runtime = runtimes.pytorch;

async function peaks(flags: Flags, ranks: number): Promise<readonly number[]> {
  const config = await resolveConfig({
    model: 'physicsnemo-swe',
    flags: { grid: '31x60', 'mesh-level': '4', layers: '4', 'hidden-dim': '64', ...flags },
  });
  const base = dimensionsOf(config, counts(config.model));
  return Array.from({ length: ranks }, (_, rank) => {
    const step = runtime.stepOfRank(config, base, rank);
    return liveness(step.trace, step.dimensions).peak.liveBytes;
  });
}

describe('graph parallel', () => {
  it('never needs less on the worst rank than an even split of what one GPU needs', async () => {
    const [alone] = await peaks({}, 1);
    for (const numRanks of [2, 4, 8]) {
      const ranks = await peaks({ gpus: `${numRanks}`, parallel: 'graph' }, numRanks);
      expect(Math.max(...ranks)).toBeGreaterThan(alone! / numRanks);
      expect(Math.max(...ranks)).toBeLessThan(alone!);
    }
  });

  it('prices the worst rank: no other one needs more', async () => {
    const flags = { gpus: '6', parallel: 'graph', grid: '31x60', 'mesh-level': '4', layers: '4', 'hidden-dim': '64' };
    const config = await resolveConfig({ model: 'physicsnemo-swe', flags });
    const dimensions = runtime.dimensions(dimensionsOf(config, counts(config.model)), config);
    const worst = Math.max(...(await peaks(flags, 6)));
    const { trace } = runtime.stepOfRank(config, dimensionsOf(config, counts(config.model)), 0);
    expect(liveness(trace, dimensions).peak.liveBytes).toBe(worst);
  });
});

describe('tensor parallel', () => {
  it('halves the hidden layers of every MLP on two ranks, keeps its inputs and outputs whole, and refuses widths that do not divide', async () => {
    const flags = { 'concat-trick': 'off' };
    const [alone] = await peaks(flags, 1);
    const [two] = await peaks({ ...flags, gpus: '2', parallel: 'tensor' }, 1);
    expect(two).toBeLessThan(alone!);
    expect(two).toBeGreaterThan(alone! / 2);
    await expect(peaks({ ...flags, gpus: '3', parallel: 'tensor' }, 1)).rejects.toThrow(/do not divide/);
  });
});
