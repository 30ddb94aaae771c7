/** Small inputs, each for a kind of fault that real configuration files showed, and what is right for it. Nothing is priced as something else. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { counts } from '../../../src/models/counts.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { estimate } from '../../../src/services/estimate.js';

const file = (name: string) => fileURLToPath(new URL(`cases/${name}`, import.meta.url));
const imported = (name: string, flags: Record<string, string> = {}, model?: string) =>
  resolveConfig({ model, flags: { import: file(name), ...flags } });

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));
function written(files: Readonly<Record<string, string>>, entry: string): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(folder, entry);
}

/** What is asked for, as one text. */
async function asked(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [error.code, error.message, ...error.nextSteps].join('\n');
  }
  throw new Error('an answer was given');
}

const channels = { 'input-channels': '180', 'output-channels': '85' };
const grid = { grid: '181x360', 'mesh-level': '5' };

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
    const flags = { ...grid, ...channels };
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
    ['my.GraphTransformerProcessor', /my\.GraphTransformerProcessor is not priced/],
    ['anemoi.models.layers.processor.NoOpProcessor', /NoOpProcessor is not priced/],
  ])('with a class that is not priced is refused by its whole name: %s', async (name, message) => {
    const path = name.endsWith('.yaml')
      ? file(name)
      : written(
          { 'class.yaml': `model: {num_channels: 64, processor: {_target_: ${name}, num_layers: 4}}\n` },
          'class.yaml',
        );
    expect(await asked(resolveConfig({ flags: { import: path, ...grid, ...channels } }))).toMatch(message);
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
    const text =
      'data: {resolution: o32}\ngraph: {nodes: {hidden: {node_builder: {_target_: anemoi.graphs.nodes.ReducedGaussianGridNodes, grid: o16}}}}\nmodel:\n  num_channels: 64\n  processor: {_target_: anemoi.models.layers.processor.TransformerProcessor, num_layers: 2, num_heads: 4, window_size: null}\n';
    const { model } = await resolveConfig({
      flags: { import: written({ 'o16.yaml': text }, 'o16.yaml'), ...channels },
    });
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
    const processor = '_target_: anemoi.models.layers.processor.TransformerProcessor, num_layers: 2';
    const own = part === 'processor' ? `{${processor}, ${option}}` : `{${processor}}\n  ${part}: {${option}}`;
    const path = written({ 'option.yaml': `model:\n  num_channels: 64\n  processor: ${own}\n` }, 'option.yaml');
    expect(await asked(resolveConfig({ flags: { import: path, ...grid, ...channels } }))).toMatch(message);
  });

  it('whose group is another network is refused', async () => {
    const text = 'defaults:\n  - model: graphtransformer_transport\n  - graph: multi_scale\n';
    const path = written({ 'group.yaml': text }, 'group.yaml');
    expect(await asked(resolveConfig({ flags: { import: path, ...grid, ...channels } }))).toMatch(/is not priced/);
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
    const text = `model:\n  num_channels: 64\n  processor: {_target_: anemoi.models.layers.processor.TransformerProcessor, num_layers: 2, window_size: null, attention_implementation: ${kind}}\n  encoder: ${mapper('Forward')}\n  decoder: ${mapper('Backward')}\n`;
    const path = written({ 'mappers.yaml': text }, 'mappers.yaml');
    const { model } = await resolveConfig({ flags: { import: path, ...grid, ...channels } });
    expect(model.own).toMatchObject({ mapper: 'transformer', mapperWindowSize: size });
  });

  it.each([
    ['scale_resolutions: 3', -1],
    ['scale_resolutions: null', 0],
    ['scale_resolutions: [0, 1, 2, 3]', 0],
    ['x_hops: 1', 0],
  ])(
    'whose mesh has %s has the edges of refinement 0 as anemoi-graphs lays them: %i',
    async (scales, coarsestScale) => {
      const edges = `edges: [{source_name: hidden, target_name: hidden, edge_builders: [{_target_: anemoi.graphs.edges.MultiScaleEdges, ${scales}}]}]`;
      const text = `data: {resolution: o32}\ngraph: {nodes: {hidden: {node_builder: {_target_: anemoi.graphs.nodes.TriNodes, resolution: 3}}}, ${edges}}\nmodel:\n  num_channels: 64\n  processor: {_target_: anemoi.models.layers.processor.GraphTransformerProcessor, num_layers: 2}\n`;
      const path = written({ 'scales.yaml': text }, 'scales.yaml');
      const { model } = await resolveConfig({ flags: { import: path, ...channels } });
      expect(model.own).toMatchObject({ coarsestScale });
      // 20·(4⁴ − 4) by anemoi-graphs 0.9.8 itself; 60 more with the icosahedron's.
      expect(counts(model).meshEdges).toBe(coarsestScale === -1 ? 5_040 : 5_100);
    },
  );

  it.each([
    ['pytorch_lightning.callbacks.EMAWeightAveraging', '', true],
    ['pytorch_lightning.callbacks.EMAWeightAveraging', ', device: cpu', false],
    ['pytorch_lightning.callbacks.StochasticWeightAveraging', '', false],
    ['anemoi.training.diagnostics.callbacks.weight_averaging.SWAWeightAveraging', '', true],
  ])('whose weights are averaged by %s%s keeps the average on the card: %s', async (target, more, ema) => {
    const text = `model:\n  num_channels: 64\n  processor: {_target_: anemoi.models.layers.processor.GNNProcessor, num_layers: 2}\ntraining: {weight_averaging: {_target_: ${target}${more}}}\n`;
    const path = written({ 'averaging.yaml': text }, 'averaging.yaml');
    const { recipe, assumptions } = await resolveConfig({ flags: { import: path, ...grid, ...channels } });
    expect(recipe.ema).toBe(ema);
    expect(assumptions.join(' ')).toMatch(ema ? /one more copy of the parameters on the card/ : /on the host/);
  });

  it('whose group nobody knows asks which network it is', async () => {
    const path = written({ 'own.yaml': 'defaults:\n  - model: ours\n  - training: single\n' }, 'own.yaml');
    const text = await asked(resolveConfig({ flags: { import: path, ...grid, ...channels } }));
    expect(text).toMatch(/which network it is/);
    expect(text).toMatch(/Neither beside the file nor shipped.*model\/ours/);
  });

  it('takes a typed flag in place of an environment variable, and says which flag where none was typed', async () => {
    const text = await asked(imported('anemoi-environment.yaml', { gpus: '4' }));
    expect(text).toMatch(/--grid[\s\S]*--input-channels/);
    expect(text).toMatch(/--mesh-level/);
    expect(text).not.toMatch(/GPUS_ON_NODE/);
    expect(await asked(imported('anemoi-environment.yaml', { ...grid, ...channels }))).toMatch(
      /--gpus \d+ .*GPUS_ON_NODE/,
    );
  });
});

describe("PhysicsNeMo's", () => {
  it('tuple is a grid, and num_channels is both widths', async () => {
    const { model, assumptions } = await imported('physicsnemo-tuple.yaml');
    expect(model).toMatchObject({ inputChannels: 34, outputChannels: 34, hiddenDim: 256, meshLevel: 6 });
    expect(model.grid).toEqual({ latitudes: 721, longitudes: 1440, kind: 'physicsnemo' });
    expect(assumptions.join(' ')).toMatch(/constructor\) stand in: mesh 6/);
  });

  it('GraphCastNet arguments are found where a recipe nests them, and nothing of the example is taken for granted', async () => {
    const { model, recipe } = await imported('physicsnemo-model-arguments.yaml');
    expect(model).toMatchObject({
      layout: 'physicsnemo',
      hiddenDim: 384,
      layers: 12,
      inputChannels: 44,
      outputChannels: 40,
    });
    expect(recipe).toMatchObject({ precision: 'fp32', concatTrick: 'fused', recomputeActivation: false });
    expect(recipe.checkpoint.encoder).toBe(false);
  });

  it('shallow-water example is its own model', async () => {
    const text =
      'data: {angular_resolution: 0.703125, multimesh_level: 6}\nmodel: {hidden_dim: 128, processor_layers: 16}\n';
    const { model } = await resolveConfig({ flags: { import: written({ 'swe.yaml': text }, 'swe.yaml') } });
    expect(model).toMatchObject({ hiddenDim: 128, inputChannels: 3, outputChannels: 3 });
    expect(model.grid).toMatchObject({ latitudes: 256, longitudes: 512 });
  });
});

describe("neural-lam's", () => {
  it('script is read with the variables that it sets, and asks for what its data set decides', async () => {
    const text = await asked(imported('neural-lam.sh', { gpus: '1' }));
    expect(text).toMatch(/--mesh-level N[\s\S]*--grid[\s\S]*--input-channels[\s\S]*--output-channels/);
    const { recipe, model } = await imported('neural-lam.sh', { gpus: '1', ...grid, ...channels });
    expect(recipe.batchSize).toBe(2);
    expect(model).toMatchObject({ layout: 'neural-lam', hiddenDim: 128, layers: 4 });
  });

  it('hierarchical model is refused by name', async () => {
    const path = written(
      { 'hi.sh': '#!/bin/bash\npython -m neural_lam.train_model --model hi_lam --config_path c.yaml --graph h\n' },
      'hi.sh',
    );
    expect(await asked(resolveConfig({ flags: { import: path, ...grid, ...channels } }))).toMatch(
      /hi_lam is not priced/,
    );
  });
});

describe("DeepMind's ModelConfig", () => {
  it('with resolution 0 asks for the grid and the levels', async () => {
    const text = await asked(imported('deepmind-resolution-0.json'));
    expect(text).toMatch(/--resolution DEG, or --grid/);
    expect(text).toMatch(/--levels 13\|37/);
    const { model } = await imported('deepmind-resolution-0.json', { resolution: '4', levels: '13' });
    expect(model).toMatchObject({ pressureLevels: 13, hiddenDim: 128, meshLevel: 4 });
  });

  it('without a TaskConfig is GraphCast_small where mesh and grid are, and says so', async () => {
    const { model, assumptions } = await imported('deepmind-small-without-task.json');
    expect(model).toMatchObject({ pressureLevels: 13, inputChannels: 186, outputChannels: 83 });
    expect(assumptions.join(' ')).toMatch(/no TaskConfig/);
  });

  it('keeps the limits of the flags, and refuses numbers that lose units', async () => {
    for (const latent of ['4611686018427387904', '9007199254740993', '65537', '0', '-3', '1e999', '12.5'])
      expect(
        await asked(
          resolveConfig({
            flags: {
              import: written(
                { 'wide.json': `{"mesh_size": 4, "latent_size": ${latent}, "gnn_msg_steps": 8}` },
                'wide.json',
              ),
            },
          }),
        ),
      ).toMatch(/latent_size.*\n"latent_size": 512\n--hidden-dim 512/);
  });
});

it('PaddleScience is named, with the nearest that is priced', async () => {
  expect(await asked(imported('paddle.yaml'))).toMatch(/PaddleScience's GraphCast.*not priced[\s\S]*--runtime pytorch/);
});

it('a Python file gets one sentence that says what to give instead', async () => {
  expect(await asked(imported('a-program.py'))).toMatch(/a Python program is not read: give the configuration/);
});

it('aliases of aliases end with an error, whatever they would expand to', async () => {
  const lists = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
  const maps = Array.from(
    { length: 9 },
    (_, i) => `m${i + 1}: &m${i + 1} {${Array.from({ length: 9 }, (_, k) => `k${k}: *m${i}`).join(', ')}}`,
  );
  for (const text of [`a0: &a0 [1, 2]\n${lists.join('\n')}\n`, `m0: &m0 {x: 1}\n${maps.join('\n')}\n`])
    expect(await asked(resolveConfig({ flags: { import: written({ 'bomb.yaml': text }, 'bomb.yaml') } }))).toMatch(
      /more than 200,000 values/,
    );
});

it.each([
  ['an alias of itself', 'model: &a {b: *a}\n'],
  ['half a million brackets', `a: ${'['.repeat(500_000)}\n`],
])('%s ends with an error', async (_, text) => {
  expect(await asked(resolveConfig({ flags: { import: written({ 'deep.yaml': text }, 'deep.yaml') } }))).toMatch(
    /nested more than 100 levels/,
  );
});
