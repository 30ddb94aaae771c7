/** A graph of one's own: five counts that win over every geometry. */
import { describe, expect, it } from 'vitest';
import { counts } from '../../src/models/counts.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { estimate } from '../../src/services/estimate.js';

const own = {
  'grid-nodes': 100_000,
  'mesh-nodes': 20_000,
  'mesh-edges': 150_000,
  'grid2mesh-edges': 160_000,
  'mesh2grid-edges': 300_000,
};
const typed = Object.fromEntries(Object.entries(own).map(([flag, count]) => [flag, String(count)]));

describe('five typed counts', () => {
  it('are the graph, whatever the grid and the mesh level say', async () => {
    const one = await estimate({ model: 'physicsnemo-graphcast', flags: { ...typed, layers: '4' } });
    const other = await estimate({
      model: 'physicsnemo-graphcast',
      flags: { ...typed, layers: '4', grid: '32x64', 'mesh-level': '2' },
    });
    expect(one.counts).toEqual({
      gridNodes: 100_000,
      meshNodes: 20_000,
      meshEdges: 150_000,
      grid2meshEdges: 160_000,
      mesh2gridEdges: 300_000,
    });
    expect(other.memory).toEqual(one.memory);
  });

  it('price as the geometry does where they are its own counts', async () => {
    const flags = { grid: '91x180', 'mesh-level': '4', layers: '4' };
    const { model } = await resolveConfig({ model: 'physicsnemo-graphcast', flags });
    const { gridNodes, meshNodes, meshEdges, grid2meshEdges, mesh2gridEdges } = counts(model);
    const same = {
      'grid-nodes': String(gridNodes),
      'mesh-nodes': String(meshNodes),
      'mesh-edges': String(meshEdges),
      'grid2mesh-edges': String(grid2meshEdges),
      'mesh2grid-edges': String(mesh2gridEdges),
    };
    const byGeometry = await estimate({ model: 'physicsnemo-graphcast', flags });
    const byCounts = await estimate({ model: 'physicsnemo-graphcast', flags: { layers: '4', ...same } });
    expect(byCounts.memory).toEqual(byGeometry.memory);
  });

  it.each(Object.keys(own))('are all typed or none: without --%s the missing one is named', async (left) => {
    const flags = Object.fromEntries(Object.entries(typed).filter(([flag]) => flag !== left));
    await expect(resolveConfig({ model: 'tiny', flags })).rejects.toThrow(`--${left} is missing`);
  });

  it('cannot be cut over cards, and chunks of mappers are taken to be even', async () => {
    const parallel = { ...typed, runtime: 'pytorch', gpus: '2', parallel: 'graph' };
    await expect(resolveConfig({ model: 'graphcast-small', flags: parallel })).rejects.toThrow(
      /only the counts are known/,
    );
    const { recipe, assumptions } = await resolveConfig({ model: 'anemoi-graphtransformer', flags: typed });
    expect(recipe.checkpoint.edges.kind).toBe('scan');
    expect(assumptions.join(' ')).toContain('chunks of a graph of one’s own are taken as even');
  });
});
