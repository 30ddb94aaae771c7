import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../../src/config/checkpoint.js';
import { loadProfile, resolveConfig } from '../../../src/options/resolve.js';
import { estimate } from '../../../src/services/estimate.js';
import { invoke } from '../../cli/invoke.js';
import { channels, sizes } from './cases.js';
import { float64, int64, npy, text, zip } from './npz.js';

const file = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));
const imported = (name: string, flags = {}) => resolveConfig({ flags: { import: file(name), ...flags } });

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-import-'));
afterAll(() => rmSync(folder, { recursive: true }));
function written(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('PhysicsNeMo', () => {
  it('becomes the model and the recipe that its YAML says', async () => {
    const { model, recipe, runtime } = await imported('physicsnemo.yaml');
    expect(runtime).toBe('pytorch');
    expect(model).toMatchObject({ layout: 'physicsnemo', hiddenDim: 384, layers: 10, meshLevel: 5 });
    expect(model.grid).toEqual({ latitudes: 181, longitudes: 360, kind: 'physicsnemo' });
    // (73 + cos zenith + 4 times of year) × (1 + 1 step of history) + 5 static in, 73 out.
    expect(model).toMatchObject({ inputChannels: 161, outputChannels: 73 });
    expect(recipe).toMatchObject({ precision: 'fp16', concatTrick: 'fused', recomputeActivation: false });
    expect(formatCheckpoint(recipe.checkpoint)).toBe('encoder+processor:segments=4');
  });

  it('warns of the one key that nobody knows, with its line, and of none of the others', async () => {
    const { assumptions } = await imported('physicsnemo.yaml');
    const [warning] = assumptions.filter((note) => note.startsWith('Not understood'));
    expect(warning).toBe('Not understood, and not known to leave memory alone: my_own_cache_gb (line 30).');
  });
});

describe('anemoi', () => {
  it('becomes the model and the recipe that its configuration says', async () => {
    const { model, recipe, assumptions } = await imported('anemoi.yaml', channels);
    expect(model).toMatchObject({
      layout: 'anemoi-graphtransformer',
      hiddenDim: 256,
      layers: 8,
      heads: 8,
      mlpRatio: 4,
      meshLevel: 6,
      radiusFraction: 0.7,
    });
    expect(recipe).toMatchObject({
      precision: 'bf16',
      batchSize: 4,
      accumulate: 2,
      rolloutSteps: 3,
      gpus: 4,
      parallel: 'zero1',
    });
    expect(formatCheckpoint(recipe.checkpoint)).toBe('encoder+decoder+processor:every=4+edges:blocks=4');
    expect(assumptions.join(' ')).not.toMatch(/Not understood/);
  });

  /** All that decides the model, and what a test adds. */
  const graphTransformer = (rest: string) => `model:
  num_channels: 64
  processor: {_target_: anemoi.models.layers.processor.GraphTransformerProcessor, num_layers: 4}
${rest}`;

  it('is cut over num_gpus_per_model cards, one sample at a time, as anemoi runs it', async () => {
    const sharded = (batch: number) => {
      const hardware = 'system: {hardware: {num_gpus_per_node: 8, num_gpus_per_model: 4}}';
      const loader = `dataloader: {batch_size: {training: ${batch}}}`;
      const path = written('sharded.yaml', graphTransformer(`${hardware}\n${loader}\n`));
      return resolveConfig({ flags: { import: path, ...sizes } });
    };
    const { recipe, assumptions } = await sharded(1);
    expect(recipe).toMatchObject({ gpus: 4, parallel: 'model', batchSize: 1 });
    expect(assumptions.join(' ')).toMatch(/one model over 4 cards/);
    await expect(sharded(2)).rejects.toThrow(/one sample per card/);
  });

  it.each([
    ['training: {precision: bf16-mixed}', 'ddp'],
    ['training: {strategy: {_target_: anemoi.training.distributed.strategy.DDPGroupStrategy}}', 'ddp'],
    ['training: {strategy: {_target_: anemoi.training.distributed.single.SingleDeviceStrategy}}', 'single'],
    ['data: {resolution: o96}', 'single'],
  ])('with %s is run as %s: anemoi-training’s own strategies are DistributedDataParallel', async (rest, strategy) => {
    const path = written('strategy.yaml', graphTransformer(`${rest}\n`));
    const { model } = await resolveConfig({ flags: { import: path, ...sizes } });
    expect(model.own?.strategy).toBe(strategy);
  });

  it.each([
    ['_target_: bitsandbytes.optim.AdamW8bit', 'adamw-8bit'],
    ['_target_: torch.optim.Adafactor', 'adafactor'],
    ['_target_: torch.optim.AdamW, fused: true, betas: [0.9, 0.95]', 'adamw-fused'],
    ['_target_: torch.optim.SGD, momentum: 0.9', 'momentum'],
  ] as const)('names its optimizer as %s, which is %s', async (typed, optimizer) => {
    for (const keys of [`optimizer: {${typed}}`, `optimization: {optimizer: {${typed}}}`]) {
      const path = written('optimizer.yaml', graphTransformer(`training: {${keys}}\n`));
      const { recipe, assumptions } = await resolveConfig({ flags: { import: path, ...sizes } });
      expect(recipe.optimizer).toBe(optimizer);
      expect(assumptions.join(' ')).not.toMatch(/Not understood/);
    }
  });

  it.each(['transformers.Adafactor', 'anemoi.training.optimizers.soap.SOAP'])(
    'refuses the optimizer %s by its whole name, and prices the one that is typed in its place',
    async (name) => {
      const path = written('optimizer.yaml', graphTransformer(`training: {optimizer: {_target_: ${name}}}\n`));
      const flags = { import: path, ...sizes };
      await expect(resolveConfig({ flags })).rejects.toThrow(`${name} is not priced`);
      expect((await resolveConfig({ flags: { ...flags, optimizer: 'adamw' } })).recipe.optimizer).toBe('adamw');
    },
  );

  it('shards the state of the class inside ZeroRedundancyOptimizer, and warns of keys that offload and of other strategies', async () => {
    const path = written(
      'zero.yaml',
      graphTransformer(`system: {hardware: {num_gpus_per_node: 4}}
training:
  optimization: {optimizer: {_target_: torch.distributed.optim.ZeroRedundancyOptimizer, optimizer_class: torch.optim.Adam}}
  strategy: {_target_: pytorch_lightning.strategies.DeepSpeedStrategy, offload_optimizer: true}
`),
    );
    const { recipe, assumptions } = await resolveConfig({ flags: { import: path, ...sizes } });
    expect(recipe).toMatchObject({ optimizer: 'adam', gpus: 4, parallel: 'zero1' });
    expect(assumptions.join(' ')).toMatch(/Not understood.*training.strategy.offload_optimizer/);
    expect(assumptions.join(' ')).toMatch(/DeepSpeedStrategy is not read/);
  });
});

describe('neural-lam', () => {
  it('becomes the model and the recipe that its arguments say', async () => {
    const { model, recipe } = await imported('neural-lam.txt', { ...sizes });
    expect(model).toMatchObject({ layout: 'neural-lam', hiddenDim: 128, layers: 6, mlpHiddenLayers: 2 });
    expect(recipe).toMatchObject({ batchSize: 2, rolloutSteps: 4, precision: 'bf16', gpus: 4, parallel: 'data' });
  });
});

describe('DeepMind', () => {
  it('ModelConfig and TaskConfig of GraphCast_small give the shipped graphcast-small', async () => {
    const { model } = await imported('deepmind.json');
    const shipped = (await loadProfile({ model: 'graphcast-small', flags: {} })).model;
    expect(model).toMatchObject(shipped);
  });

  it.each([false, true])(
    'a checkpoint gives the same without its weights being read (deflated: %s)',
    async (deflated) => {
      const entries = {
        'model_config:mesh_size': npy('<i8', int64(5)),
        'model_config:latent_size': npy('<i8', int64(512)),
        'model_config:gnn_msg_steps': npy('<i8', int64(16)),
        'model_config:hidden_layers': npy('<i8', int64(1)),
        'model_config:resolution': npy('<f8', float64(1)),
        'model_config:radius_query_fraction_edge_length': npy('<f8', float64(0.6)),
        'task_config:input_variables:0': npy('<U11', text('temperature', 11)),
        'task_config:target_variables:0': npy('<U11', text('temperature', 11)),
        'task_config:pressure_levels:0': npy('<i8', int64(500)),
        'task_config:pressure_levels:1': npy('<i8', int64(850)),
        'task_config:input_duration': npy('<U3', text('12h', 3)),
        // Not an array at all: whoever reads the weights fails.
        'params:mesh_gnn:w': Buffer.alloc(300_000, 7),
      };
      const path = written(`params-${deflated}.npz`, zip(entries, deflated));
      const { model } = await resolveConfig({ flags: { import: path } });
      expect(model).toMatchObject({
        hiddenDim: 512,
        layers: 16,
        meshLevel: 5,
        pressureLevels: 2,
        inputChannels: 7,
        outputChannels: 2,
      });
      expect(model.grid).toEqual({ latitudes: 181, longitudes: 360, kind: 'poles' });
    },
  );
});

it('a typed flag replaces what the file says', async () => {
  expect((await imported('physicsnemo.yaml', { 'hidden-dim': '128' })).model.hiddenDim).toBe(128);
});

it('the estimate of an imported configuration carries what was not followed', async () => {
  const flags = { import: file('physicsnemo.yaml'), grid: '31x60', 'mesh-level': '2' };
  const { assumptions, config } = await estimate({ flags });
  expect(config.model.name).toBe('physicsnemo');
  expect(assumptions.join(' ')).toMatch(/is read as PhysicsNeMo's configuration.*my_own_cache_gb/);
});

describe('a broken file ends with exit 2 and names file, line and key', () => {
  const base = 'processor_layers: 16\nhidden_dim: 512\nmesh_level: 6\n';
  it.each([
    ['wrong.yaml', `${base}segments: many\n`, /wrong\.yaml:4: segments: "many" must be a whole number/],
    ['switch.yaml', `${base}concat_trick: 3\n`, /switch\.yaml:4: concat_trick: 3 must be true or false/],
    ['twice.yaml', `${base}hidden_dim: 256\n`, /twice\.yaml:4: hidden_dim: Map keys must be unique/],
    ['indent.yaml', `${base}  latlon_res: [1\n`, /indent\.yaml:\d+: /],
    [
      'precision.yaml',
      'model:\n  num_channels: 8\ntraining:\n  precision: 12\n',
      /precision\.yaml:4: training\.precision: 12 must be/,
    ],
    ['other.yaml', 'a: 1\nb: 2\n', /none of the known code bases/],
    ['plan.yaml', 'configurations:\n  a: {model: tiny}\n', /this is a plan of gc-plan/],
    ['empty.yaml', '', /there are no keys/],
    [
      'wrong.json',
      '{"mesh_size": 5, "latent_size": "wide"}',
      /wrong\.json:1: latent_size: "wide" must be a whole number/,
    ],
    [
      'arguments.txt',
      '--hidden_dim 64\n--processor_layers four --batch_size 2\n',
      /arguments\.txt:2: processor_layers: "four"/,
    ],
    ['cut.npz', 'PK\u0003\u0004 and nothing else', /is not a zip file/],
  ])('%s', async (name, content, message) => {
    const { exit, stderr } = await invoke(['estimate', '--import', written(name, content)]);
    expect(stderr).toMatch(message);
    expect(exit).toBe(2);
  });

  it('a MODEL of another network beside the file is refused', async () => {
    const { exit, stderr } = await invoke(['estimate', 'anemoi-gnn', '--import', file('deepmind.json')]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/another network/);
  });
});
