/** As cases.test.ts, of anemoi's Hydra files. */
import { describe, expect, it } from 'vitest';
import { counts } from '../../../src/models/counts.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { estimate } from '../../../src/services/estimate.js';
import { asked, channels, file, imported, said, sizes, written } from './cases.js';

/** anemoi's `model:` with that processor; `more`: arguments of it, and keys beside it. */
const network = (processor: string, more = '', beside = '') =>
  `model:\n  num_channels: 64\n  processor: {_target_: anemoi.models.layers.processor.${processor}, num_layers: 2${more}}\n${beside}`;

describe('an anemoi entry file', () => {
  it('says its network by the name of a group, its grid and mesh by their own, and asks for the channels', async () => {
    const text = await asked(imported('anemoi-entry.yaml'));
    expect(text).toMatch(/missing-essentials/);
    expect(text).toMatch(/o96 = 40,320 points/);
    expect(text).toMatch(/TriNodes 5 \(from the shipped group graph\/multi_scale/);
    expect(text).toMatch(/--input-channels N/);
    expect(text).toMatch(/--output-channels N/);
    expect(text).not.toMatch(/--grid |--mesh-level|--layers|--hidden-dim/);
  });

  it('is the shipped group with its own keys over it: byte for byte what the flags say', async () => {
    const flags = sizes;
    const fromFile = await estimate({ flags: { import: file('anemoi-entry.yaml'), ...flags } });
    const typed = await estimate({ model: 'anemoi-graphtransformer', flags: { 'hidden-dim': '512', ...flags } });
    expect(fromFile.memory).toEqual(typed.memory);
    expect(fromFile.parameters).toEqual(typed.parameters);
    expect(fromFile.config.recipe).toEqual(typed.config.recipe);
    expect(fromFile.assumptions.join(' ')).toMatch(/shipped group model\/graphtransformer.*num_layers 16/);
  });

  it('takes what it leaves open from a MODEL beside it, each listed, and never another network', async () => {
    const config = await imported('anemoi-entry.yaml', {}, 'anemoi-graphtransformer');
    expect(config.model).toMatchObject({ layout: 'anemoi-graphtransformer', hiddenDim: 512, inputChannels: 180 });
    expect(config.model.grid).toEqual({ latitudes: 192, longitudes: 400, kind: 'octahedral' });
    expect(config.assumptions.join(' ')).toMatch(/MODEL anemoi-graphtransformer's stand in: .*input-channels 180/);
    expect(await asked(imported('anemoi-entry.yaml', channels, 'anemoi-gnn'))).toMatch(/another network/);
  });

  it('on its own grid has the graph that anemoi-graphs builds there', async () => {
    const { model } = await imported('anemoi-entry.yaml', channels);
    // anemoi-graphs 0.9.8: o96 → TriNodes 5 by a cut-off of 0.6, three nearest back.
    expect(counts(model)).toMatchObject({ gridNodes: 40_320, grid2meshEdges: 62_980, mesh2gridEdges: 120_960 });
  });

  it('reads groups that stand beside it, and replaces a choice that another file makes', async () => {
    const entry = written(
      {
        'run/entry.yaml':
          'defaults:\n  - graph: mine\n  - model: gnn\n  - override model: wide\n  - _self_\nmodel:\n  num_channels: 96\n',
        'run/model/wide.yaml':
          'defaults:\n  - base\n  - _self_\nprocessor:\n  num_layers: 6\n  num_channels: $' + '{model.num_channels}\n',
        'run/model/base.yaml':
          'num_channels: 64\nprocessor:\n  _target_: anemoi.models.layers.processor.GNNProcessor\n  num_layers: 4\n',
        'run/graph/mine.yaml':
          'nodes:\n  hidden:\n    node_builder: {_target_: anemoi.graphs.nodes.TriNodes, resolution: 4}\n',
      },
      'run/entry.yaml',
    );
    const { model } = await resolveConfig({ flags: { import: entry, grid: '91x180', ...channels } });
    expect(model).toMatchObject({ layout: 'anemoi-gnn', hiddenDim: 96, layers: 6, meshLevel: 4 });
  });

  it('with a latent mesh that is no icosahedron is never priced on one', async () => {
    const text = await asked(imported('anemoi-latent-o96.yaml', channels));
    expect(text).toMatch(/n320 = 542,080 points/);
    expect(text).toMatch(/o96 = 40,320 points/);
    expect(text).toMatch(/--mesh-nodes/);
    const own = { 'grid-nodes': '542080', 'mesh-nodes': '40320', 'mesh-edges': '322560' };
    const edges = { 'grid2mesh-edges': '748354', 'mesh2grid-edges': '1626240' };
    const { model } = await imported('anemoi-latent-o96.yaml', { ...channels, ...own, ...edges });
    expect(counts(model)).toMatchObject({ meshNodes: 40_320, grid2meshEdges: 748_354 });
  });

  it.each([
    ['model: {processor: {_target_: my.GraphTransformerProcessor}}\n', /my\.GraphTransformerProcessor is not priced/],
    [network('NoOpProcessor'), /NoOpProcessor is not priced/],
    [
      'defaults:\n  - model: graphtransformer_transport\n',
      /graphtransformer_transport .*TransportModelEncProcDec is not priced/,
    ],
  ])('with a class or a group that is not priced is refused by its whole name: %j', async (text, message) => {
    expect(await asked(said(text))).toMatch(message);
  });

  it('of the transformer is the network that its own code builds', async () => {
    const { config, parameters, memory } = await estimate({
      flags: {
        import: file('anemoi-transformer.yaml'),
        ...{ grid: '91x180', 'mesh-level': '4', ...channels },
        ...{ precision: 'bf16', batch: '1', optimizer: 'adamw-fused', checkpoint: 'none' },
      },
    });
    expect(config.model).toMatchObject({
      layout: 'anemoi-transformer',
      own: { windowSize: 1120, mapper: 'graphtransformer' },
    });
    // anemoi-models 0.19.0 itself, traced on torch 2.13; PhysicsNeMo's edge list of this grid differs by none.
    expect(parameters.count).toBe(8_908_021);
    expect(memory.peakLiveBytes).toBe(824_910_528);
    expect(memory.peakReservedBytes).toBe(1_027_604_480);
  });

  it('with nodes of a Gaussian grid as latent mesh has that mesh where its processor reads no edges', async () => {
    const graph =
      'data: {resolution: o32}\ngraph: {nodes: {hidden: {node_builder: {_target_: anemoi.graphs.nodes.ReducedGaussianGridNodes, grid: o16}}}}\n';
    const { model } = await said(network('TransformerProcessor', ', num_heads: 4, window_size: null', graph), channels);
    expect(model).toMatchObject({ mesh: { latitudes: 32, kind: 'octahedral' }, own: { windowSize: -1 } });
    expect(counts(model)).toMatchObject({ meshNodes: 1_600, meshEdges: 0 });
  });

  it.each([
    ['processor', 'dropout_p: 0.1', /dropout_p 0.1 is not priced/],
    ['processor', 'attn_channels: 32', /attn_channels 32 is not priced/],
    ['encoder', 'qk_norm: true', /qk_norm true is not priced/],
    [
      'decoder',
      'window_size: 64, _target_: anemoi.models.layers.mapper.TransformerBackwardMapper',
      /window_size null of the encoder and 64 of the decoder/,
    ],
  ])('whose %s has %s is refused', async (part, option, message) => {
    const own = part === 'processor' ? [`, ${option}`] : ['', `  ${part}: {${option}}\n`];
    expect(await asked(said(network('TransformerProcessor', ...own)))).toMatch(message);
  });

  it.each([
    ['-1', 'scaled_dot_product_attention', 10_000_000],
    ['null', 'scaled_dot_product_attention', -1],
    ['-1', 'flash_attention', -1],
    ['300', 'flash_attention', 300],
  ])('whose mappers have window_size %s with %s looks at %d rows on either side', async (window, kind, size) => {
    const attention = `attention_implementation: ${kind}, window_size: ${window}`;
    const mapper = (direction: string) =>
      `{_target_: anemoi.models.layers.mapper.Transformer${direction}Mapper, ${attention}}`;
    const mappers = `  encoder: ${mapper('Forward')}\n  decoder: ${mapper('Backward')}\n`;
    const own = `, window_size: null, attention_implementation: ${kind}`;
    const { model } = await said(network('TransformerProcessor', own, mappers));
    expect(model.own).toMatchObject({ mapper: 'transformer', mapperWindowSize: size });
  });

  it.each([
    ['scale_resolutions: 3', -1],
    ['scale_resolutions: null', 0],
    ['scale_resolutions: [0, 1, 2, 3]', 0],
    ['x_hops: 1', 0],
  ])('whose mesh has %s has the edges of refinement 0 as anemoi-graphs lays them: %i', async (scales, coarsest) => {
    const edges = `edges: [{source_name: hidden, target_name: hidden, edge_builders: [{_target_: anemoi.graphs.edges.MultiScaleEdges, ${scales}}]}]`;
    const graph = `data: {resolution: o32}\ngraph: {nodes: {hidden: {node_builder: {_target_: anemoi.graphs.nodes.TriNodes, resolution: 3}}}, ${edges}}\n`;
    const { model } = await said(network('GraphTransformerProcessor', '', graph), channels);
    expect(model.own).toMatchObject({ coarsestScale: coarsest });
    // 20·(4⁴ − 4) by anemoi-graphs 0.9.8 itself; 60 more with the icosahedron's.
    expect(counts(model).meshEdges).toBe(coarsest === -1 ? 5_040 : 5_100);
  });

  it.each([
    ['pytorch_lightning.callbacks.EMAWeightAveraging', '', true],
    ['pytorch_lightning.callbacks.EMAWeightAveraging', ', device: cpu', false],
    ['pytorch_lightning.callbacks.StochasticWeightAveraging', '', false],
    ['anemoi.training.diagnostics.callbacks.weight_averaging.SWAWeightAveraging', '', true],
  ])('whose weights are averaged by %s%s keeps the average on the card: %s', async (target, more, ema) => {
    const training = `training: {weight_averaging: {_target_: ${target}${more}}}\n`;
    const { recipe, assumptions } = await said(network('GNNProcessor', '', training));
    expect(recipe.ema).toBe(ema);
    expect(assumptions.join(' ')).toMatch(ema ? /one more copy of the parameters on the card/ : /on the host/);
  });

  it('whose group nobody knows asks which network it is', async () => {
    const text = await asked(said('defaults:\n  - model: ours\n  - training: single\n'));
    expect(text).toMatch(/which network it is/);
    expect(text).toMatch(/Neither beside the file nor shipped.*model\/ours/);
  });

  it('takes a typed flag in place of an environment variable, and says which flag where none was typed', async () => {
    const text = await asked(imported('anemoi-environment.yaml', { gpus: '4' }));
    expect(text).toMatch(/--grid[\s\S]*--input-channels/);
    expect(text).toMatch(/--mesh-level/);
    expect(text).not.toMatch(/GPUS_ON_NODE/);
    expect(await asked(imported('anemoi-environment.yaml', sizes))).toMatch(/--gpus \d+ .*GPUS_ON_NODE/);
  });
});
