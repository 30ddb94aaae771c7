/** anemoi's transformer over the rows of the mesh: what its options mean, against counts made by hand. */
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { cards } from '../../src/services/cards.js';
import { estimate } from '../../src/services/estimate.js';

const model = 'anemoi-transformer';
const small = {
  grid: 'o32',
  mesh: 'o16',
  'hidden-dim': '32',
  layers: '3',
  heads: '4',
  batch: '1',
  checkpoint: 'none',
} as const;
const of = (flags: Flags = {}, name = model) => estimate({ model: name, flags: { ...small, ...flags } });

describe("anemoi's transformer", () => {
  it('has the parameters that its layers make, counted by hand', async () => {
    const [H, R, points, mesh, inputs, outputs] = [32, 4 * 32, 5_248, 1_600, 180 + 4 + 8, 85];
    const mlp = 2 * H * R + R + H;
    const block = 3 * H * H + H * H + H + mlp + 4 * H;
    const mapper = 4 * (H * H + H) + (11 * H + H) + (H * H + H) + mlp + 3 * 2 * H;
    const embedded = (inputs + 1) * H;
    const { parameters, counts } = await of();
    const trained = 8 * (points + mesh + counts.grid2meshEdges + counts.mesh2gridEdges);
    const encoder = mapper + embedded + (12 + 1) * H;
    const decoder = mapper + embedded + 2 * H + (H + 1) * outputs;
    expect(parameters.count).toBe(trained + encoder + 3 * block + decoder);
  });

  it('reads no edges of its mesh, and with transformer mappers none at all', async () => {
    expect((await of()).counts).toMatchObject({ meshNodes: 1_600, meshEdges: 0, mesh2gridEdges: 3 * 5_248 });
    expect((await of({ mapper: 'transformer' })).counts).toMatchObject({ grid2meshEdges: 0, mesh2gridEdges: 0 });
  });

  it('pays nothing for a window with flash, and with SDPA a byte per pair of rows and layer that every layer keeps', async () => {
    const narrow = await of({ 'window-size': '100' });
    const wide = await of({ 'window-size': '-1' });
    expect(narrow.memory.peakLiveBytes).toBe(wide.memory.peakLiveBytes);
    const sdpa = { 'attention-implementation': 'sdpa', mode: 'inference', checkpoint: undefined } as const;
    const masked = await of({ ...sdpa, 'window-size': '100' });
    const open = await of({ ...sdpa, 'window-size': '-1' });
    // While the third mask is made: two masks, two distances of 64 bits, and comparisons.
    const pairs = 1_600 ** 2;
    expect(masked.memory.peakLiveBytes - open.memory.peakLiveBytes).toBeGreaterThan(2 * pairs);
    expect(masked.assumptions.join(' ')).toMatch(/mask of all pairs/);
    expect(open.assumptions.join(' ')).not.toMatch(/mask/);
  });

  it('keeps one more array per head norm, and noise for every member', async () => {
    const [plain, normed] = await Promise.all([of(), of({ 'qk-norm': true })]);
    // Scales of queries and keys, 8 columns a head, in 3 layers.
    expect(normed.parameters.count - plain.parameters.count).toBe(3 * 2 * 8);
    const members = await Promise.all(['1', '2', '3'].map((ensemble) => of({ ensemble })));
    const [one, two, three] = members.map(({ memory }) => memory.peakLiveBytes);
    expect(two).toBeGreaterThan(one!);
    expect(three! - two!).toBeLessThan(1.2 * (two! - one!));
    // Each of the six norms: two Linears of 4 noise channels for an affine pair; the noise MLP; a column for the step.
    const noise = 6 * (2 * (4 * 32 + 32) - 2 * 32) + (4 * 32 + 32) + (32 * 4 + 4) + 2 * 4 + 2 * 32;
    expect(members[0]!.parameters.count - plain.parameters.count).toBe(noise);
  });

  it('has on the mesh the edges that anemoi-graphs lays: without those of refinement 0 beside a reduced grid', async () => {
    const mesh = { mesh: undefined, 'mesh-level': '5', grid: 'o96' } as const;
    const edges = async (flags: Flags) => (await of({ ...mesh, ...flags }, 'anemoi-graphtransformer')).counts.meshEdges;
    // anemoi-graphs 0.9.8 itself: 20·(4⁶ − 4), and 60 more with scale_resolutions null.
    expect(await edges({})).toBe(81_840);
    expect(await edges({ 'coarsest-scale': '0' })).toBe(81_900);
    expect(await edges({ grid: '91x180' })).toBe(81_900);
    expect(await edges({ grid: '91x180', 'coarsest-scale': '1' })).toBe(81_840);
    const chunks = { mode: 'inference', checkpoint: 'processor:blocks=3', precision: 'fp32' } as const;
    // Three blocks of the mesh's edges: fewer of them, fewer bytes.
    const [all, fewer] = await Promise.all(
      ['0', '1'].map((each) =>
        of({ ...mesh, ...chunks, 'coarsest-scale': each, 'mesh-level': '1', grid: 'o16' }, 'anemoi-graphtransformer'),
      ),
    );
    expect(fewer!.memory.peakLiveBytes).toBeLessThan(all!.memory.peakLiveBytes);
  });

  it('with point-wise mappers has no mesh, and one set of trained features for its rows', async () => {
    const [H, R, points] = [32, 4 * 32, 5_248];
    const { counts, parameters } = await of({ mapper: 'point-wise', processor: 'point-wise', mesh: undefined });
    expect(counts).toEqual({
      gridNodes: points,
      meshNodes: points,
      meshEdges: 0,
      grid2meshEdges: 0,
      mesh2gridEdges: 0,
    });
    const layer = H * R + R + 2 * R + R * H + H;
    expect(parameters.count).toBe(8 * points + (192 + 1) * H + 3 * layer + 2 * H + (H + 1) * 85);
  });

  it('cuts the mappers of a graph of one’s own evenly: within 3 % of the chunks of the graph that has these counts', async () => {
    const flags = {
      mesh: undefined,
      'mesh-level': '4',
      grid: 'o96',
      checkpoint: 'encoder+decoder+edges:blocks=4',
    } as const;
    const graph = await of(flags);
    const { gridNodes, meshNodes, grid2meshEdges, mesh2gridEdges } = graph.counts;
    const own = {
      'grid-nodes': `${gridNodes}`,
      'mesh-nodes': `${meshNodes}`,
      'mesh-edges': '1',
      'grid2mesh-edges': `${grid2meshEdges}`,
      'mesh2grid-edges': `${mesh2gridEdges}`,
    };
    const even = await of({ ...own, mesh: undefined, checkpoint: flags.checkpoint });
    expect({ ...even.counts, meshEdges: 0 }).toEqual(graph.counts);
    expect(even.memory.peakLiveBytes / graph.memory.peakLiveBytes).toBeCloseTo(1, 1.5);
    expect(even.assumptions.join(' ')).toMatch(/chunks of a graph of one’s own are taken as even/);
  });

  it('with a CRPS makes arrays of all pairs of members, pair by pair fewer, and wants several members', async () => {
    const flags = { ensemble: '4', 'hidden-dim': '8', heads: '2', layers: '1' } as const;
    const live = async (more: Flags) => (await of({ ...flags, ...more })).memory.peakLiveBytes;
    // A difference of every two members, three arrays more of that size at once, and one that the backward pass waits for.
    const pairs = 4 ** 2 * 4 * 5_248 * 85;
    const [naive, stable] = [await live({ loss: 'crps-naive' }), await live({ loss: 'crps' })];
    expect(stable - naive).toBeGreaterThan(2 * pairs);
    expect(stable).toBeGreaterThan(5 * pairs);
    await expect(of({ loss: 'crps', ensemble: '1' })).rejects.toThrow('a score of several members');
    expect(await live({ mode: 'inference', loss: 'crps', checkpoint: undefined })).toBe(
      await live({ mode: 'inference', checkpoint: undefined }),
    );
  });

  it('as AIFS ENS is one member in a forecast and four with a CRPS in training', async () => {
    const quick = { checkpoint: 'edges:blocks=1', grid: 'o32', mesh: 'o16' } as const;
    const forecast = await estimate({ model: 'aifs-ens', flags: quick });
    expect(forecast.config).toMatchObject({
      recipe: { mode: 'inference', ensemble: 1 },
      model: { own: { qkNorm: true } },
    });
    const training = await estimate({ model: 'aifs-ens', flags: { ...quick, checkpoint: 'encoder', mode: 'train' } });
    expect(training.config).toMatchObject({ recipe: { ensemble: 4 }, model: { own: { loss: 'crps' } } });
    const single = await estimate({
      model: 'aifs-single',
      flags: { ...quick, 'input-channels': '202', 'output-channels': '99' },
    });
    // Noise in 32 norms: two Linears of 4 channels for an affine pair; its MLP; a column for the step; norms of 64 queries and keys.
    const noise = 32 * (2 * (4 * 1_024 + 1_024) - 2 * 1_024) + 300 + 2 * 1_024 + 16 * 2 * 64;
    expect(forecast.parameters.count - single.parameters.count).toBe(noise);
  });

  it('lets the input of a group of layers live on in a forecast', async () => {
    const forecast = { mode: 'inference', checkpoint: undefined, mapper: 'transformer', layers: '4' } as const;
    const sizes = await Promise.all(['1', '2', '4'].map((each) => of({ ...forecast, 'processor-chunks': each })));
    for (const { memory } of sizes) expect(memory.peakLiveBytes).toBeGreaterThanOrEqual(sizes[0]!.memory.peakLiveBytes);
    await expect(of({ ...forecast, 'processor-chunks': '3' })).rejects.toThrow('must divide its 4 layers');
  });

  it.each([
    ['anemoi-graphtransformer', { mesh: 'o16' }, 'such a mesh has none'],
    [model, { precision: 'fp32' }, '16-bit numbers alone'],
    [model, { mesh: 'o16', 'mesh-level': '3' }, 'both say the latent mesh'],
    [model, { mesh: '10x20' }, 'must be a reduced Gaussian grid'],
    ['anemoi-gnn', { 'qk-norm': true }, 'has no such option'],
    ['anemoi-graphtransformer', { mapper: 'point-wise' }, 'no edges join them'],
    ['graphcast-small', { processor: 'transformer' }, 'has no such layers'],
    [model, { checkpoint: 'processor:blocks=2', mode: 'inference' }, "can't recompute that"],
    ['anemoi-graphtransformer', { checkpoint: 'processor:blocks=2' }, "a forecast's"],
  ] as const)('%s with %j is refused with the reason', async (name, flags, reason) => {
    await expect(resolveConfig({ model: name, flags: { ...flags } })).rejects.toThrow(reason);
  });

  it('is what another processor of the same code base becomes, mappers kept', async () => {
    const { model: gnn } = await resolveConfig({ model: 'anemoi-gnn', flags: { processor: 'transformer' } });
    expect(gnn).toMatchObject({
      layout: 'anemoi-transformer',
      mlpHiddenLayers: 1,
      own: { mapper: 'gnn', windowSize: 512 },
    });
  });

  it('as AIFS single has the graph and the parameters of the released weights', async () => {
    const { counts, parameters, config } = await estimate({
      model: 'aifs-single',
      flags: { checkpoint: 'edges:blocks=1' },
    });
    expect(counts).toEqual({
      gridNodes: 542_080,
      meshNodes: 40_320,
      meshEdges: 0,
      grid2meshEdges: 748_354,
      mesh2gridEdges: 1_626_240,
    });
    expect(parameters.count).toBe(253_065_864);
    expect(config.recipe).toMatchObject({ mode: 'inference', batchSize: 1 });
  });
});

describe('a card that flash-attn does not run on', () => {
  it('is named in the reasons with what runs there, and is not among the cards that are listed', async () => {
    const flags = { mode: 'inference', gpu: 'p40' };
    const { onCard } = await estimate({ model: 'aifs-single', flags });
    expect(onCard?.precision).toContain('flash-attn 2 does not run on a P40: --attention-implementation sdpa');
    const { cards: listed } = await cards({ model: 'aifs-single', flags: { mode: 'inference' } });
    const names = listed.map(({ device }) => device.name);
    expect(names).toContain('a100-40gb');
    expect(names).not.toContain('p40');
    expect(names).not.toContain('t4');
  });
});
