import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { exportConfig } from '../../../src/models/exporting/index.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { invoke } from '../../cli/invoke.js';

const file = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What no configuration of that code base says. */
const ofTheDataSet: Readonly<Record<string, Record<string, string>>> = {
  anemoi: { 'input-channels': '180', 'output-channels': '85' },
  'neural-lam': { grid: '32x64', 'mesh-level': '3', 'input-channels': '40', 'output-channels': '20' },
};

const read = (name: string, path: string, flags = {}) =>
  resolveConfig({ flags: { import: path, ...ofTheDataSet[name], ...flags } });

function reimported(name: string, original: string, text: string) {
  const path = join(folder, original);
  writeFileSync(path, text);
  return read(name, path);
}

const cases = [
  ['physicsnemo', 'physicsnemo.yaml', { 'hidden-dim': '128', checkpoint: 'encoder+decoder+processor:every=2' }],
  [
    'anemoi',
    'anemoi.yaml',
    {
      'hidden-dim': '512',
      batch: '2',
      accumulate: '4',
      checkpoint: 'encoder+decoder+processor:every=2+edges:blocks=8',
    },
  ],
  ['neural-lam', 'neural-lam.txt', { 'hidden-dim': '256', layers: '8', batch: '1' }],
  ['deepmind', 'deepmind.json', { 'hidden-dim': '256', layers: '8', 'mesh-level': '4' }],
] as const satisfies readonly (readonly [string, string, Record<string, string>])[];

describe.each(cases)('%s', (name, original, flags) => {
  const before = readFileSync(file(original), 'utf8');

  it('what is exported into the imported file says, read again, what was changed', async () => {
    const changed = await read(name, file(original), flags);
    const again = await reimported(name, original, (await exportConfig(name, changed, before)).text);
    expect({ ...again.model, name: '' }).toEqual({ ...changed.model, name: '' });
    expect(segments(again)).toBe(segments(changed));
    expect({ ...again.recipe, checkpoint: null }).toEqual({ ...changed.recipe, checkpoint: null });
  });

  it('an export of the unchanged configuration leaves the file as it was', async () => {
    const config = await read(name, file(original));
    const { text } = await exportConfig(name, config, before);
    expect(text.replace(/\s+/g, ' ').trim()).toBe(before.replace(/\s+/g, ' ').trim());
  });

  it('keeps every comment and every line that the change is not about', async () => {
    const changed = await read(name, file(original), flags);
    const { text } = await exportConfig(name, changed, before);
    for (const comment of before.match(/#.*/g) ?? []) expect(text).toContain(comment);
    const lines = new Set(text.split('\n').map((line) => line.trim()));
    const lost = before.split('\n').filter((line) => !lines.has(line.trim()));
    expect(lost.length).toBeLessThanOrEqual(Object.keys(flags).length + 3);
  });
});

/** PhysicsNeMo's 4 segments of 2 layers are every=2. */
function segments({ model, recipe }: Awaited<ReturnType<typeof resolveConfig>>): string {
  const { processor, ...rest } = recipe.checkpoint;
  const layers =
    processor.kind === 'segments'
      ? (model.layers - 2) / processor.segments
      : processor.kind === 'every'
        ? processor.layers
        : 0;
  return JSON.stringify([layers, rest]);
}

it.each([
  ['anemoi-transformer', { 'window-size': '300', 'qk-norm': true }],
  ['anemoi-transformer', { 'window-size': '-1', 'attention-implementation': 'sdpa', precision: 'fp32' }],
  ['anemoi-transformer', { mapper: 'transformer', checkpoint: 'encoder+decoder+processor:every=8' }],
  ['anemoi-transformer', { mesh: 'o32', grid: 'o96', ensemble: '2', 'attention-backend': 'pyg' }],
  ['anemoi-graphtransformer', { 'qk-norm': true, ensemble: '3' }],
  ['anemoi-graphtransformer', { mapper: 'gnn', checkpoint: 'none', 'processor-chunks': '4' }],
  ['anemoi-gnn', { mapper: 'graphtransformer' }],
] as const)('a file of %s with %j, written anew, is that network when it is read', async (model, flags) => {
  const config = await resolveConfig({ model, flags: { ...flags } });
  const { text } = await exportConfig('anemoi', config);
  const path = join(folder, 'anew.yaml');
  writeFileSync(path, text);
  const grid = 'grid' in flags ? { grid: flags.grid } : { grid: '181x360' };
  const again = await resolveConfig({ flags: { import: path, ...ofTheDataSet.anemoi, ...grid } });
  const { model: before, recipe } = config;
  // Not said where no layer reads it.
  const { heads, mlpRatio, attentionBackend, ...network } = before;
  expect({ ...again.model, name: '' }).toMatchObject({ ...network, name: '' });
  expect([again.recipe.ensemble, again.recipe.checkpoint]).toEqual([recipe.ensemble, recipe.checkpoint]);
});

describe("anemoi's shipped groups", () => {
  const { groups } = JSON.parse(
    readFileSync(new URL('../../../src/models/anemoi/data/shipped-groups.json', import.meta.url), 'utf8'),
  ) as { readonly groups: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  const networks = Object.keys(groups)
    .filter((name) => name.startsWith('model/'))
    .map((name) => name.slice('model/'.length));
  const graphs = ['multi_scale', 'encoder_decoder_only', 'point_wise'];
  const trainings = ['single', 'ensemble', 'lam', 'stretched'];
  const entry = (model: string, graph: string, training: string) =>
    [
      'defaults:',
      ...['data: zarr', 'dataloader: native_grid', 'diagnostics: evaluation', 'system: example'].map(
        (line) => `  - ${line}`,
      ),
      ...[`graph: ${graph}`, `model: ${model}`, 'task: forecaster', `training: ${training}`, '_self_'].map(
        (line) => `  - ${line}`,
      ),
      '',
      'data:',
      '  resolution: o96 # of the data set',
      '',
    ].join('\n');
  const written = (text: string) => {
    const path = join(folder, 'groups.yaml');
    writeFileSync(path, text);
    return resolveConfig({ flags: { import: path, ...ofTheDataSet.anemoi } });
  };
  const priced = ['gnn', 'graphtransformer', 'graphtransformer_ens', 'point_wise', 'transformer', 'transformer_ens'];
  const all = networks.flatMap((model) =>
    graphs.flatMap((graph) => trainings.map((training) => [model, graph, training] as const)),
  );

  it('are these, of which seven are networks that are priced', () => {
    expect(networks).toEqual(expect.arrayContaining([...priced, 'transformer_transformermapper']));
    expect(networks.length).toBe(25);
  });

  it.each(networks)('%s goes through a file of its own and into the file it came from', async (model) => {
    let numPriced = 0;
    for (const [, graph, training] of all.filter(([name]) => name === model)) {
      const text = entry(model, graph, training);
      const config = await written(text).catch((error: Error & { code?: string }) => {
        // Other networks, graphs without the edges that a processor reads, and a CRPS of one member.
        expect(error.code).toMatch(/not-priced|missing-essentials|mesh-without-edges|cannot-run/);
        return undefined;
      });
      if (config === undefined) continue;
      numPriced++;
      const { text: anew, missing } = await exportConfig('anemoi', config);
      expect(missing).toEqual([]);
      expect(anew).toMatch(/^defaults:\n( {2}- [\w/]+: \w+\n)+ {2}- _self_\n/);
      const again = await written(anew);
      expect(again.model).toEqual(config.model);
      expect(again.recipe).toEqual(config.recipe);
      const into = await exportConfig('anemoi', config, text);
      expect(into.text).toContain(text.slice(0, text.indexOf('data:')));
      expect(into.text).toContain('# of the data set');
      const fromEntry = await written(into.text);
      expect([fromEntry.model, fromEntry.recipe]).toEqual([config.model, config.recipe]);
    }
    const isPriced = priced.includes(model) || model === 'transformer_transformermapper';
    expect(numPriced > 0).toBe(isPriced);
  });

  it('says in a file of its own what the groups do not, and nothing that they do', async () => {
    const config = await written(entry('transformer', 'encoder_decoder_only', 'single'));
    const { text } = await exportConfig('anemoi', config);
    expect(text.slice(text.indexOf('_self_')).trim().split('\n').slice(1).join('\n').trim()).toBe(
      'data:\n  resolution: o96',
    );
    const flags = {
      'hidden-dim': '512',
      'window-size': '700',
      checkpoint: 'encoder+decoder+processor:every=2+edges:blocks=8',
    };
    const changed = await resolveConfig({
      model: 'aifs-single',
      flags: { ...flags, mode: 'train', precision: 'bf16' },
    });
    const entryFile = (await exportConfig('anemoi', changed)).text;
    expect(entryFile).toContain('- model: transformer\n');
    expect(entryFile).toContain('- graph: encoder_decoder_only\n');
    for (const line of ['num_channels: 512', 'window_size: 700', 'num_chunks: 8', 'grid: o96', 'resolution: n320'])
      expect(entryFile).toContain(line);
    expect(entryFile).not.toContain('TransformerProcessor');
  });

  it('changes a file of the layout since 0.17 by its own names', async () => {
    const named = `${entry('graphtransformer', 'multi_scale', 'single')}model:\n  encoders:\n    "era5":\n      mapper: {num_chunks: 4, gradient_checkpointing: True}\n`;
    const path = join(folder, 'named.yaml');
    writeFileSync(path, named.replace('    "era5"', '    "0"'));
    const flags = { import: path, ...ofTheDataSet.anemoi, checkpoint: 'decoder+processor:every=4+edges:blocks=2' };
    const config = await resolveConfig({ flags });
    const { text } = await exportConfig('anemoi', config, readFileSync(path, 'utf8'));
    expect(text).toContain('mapper: {num_chunks: 2, gradient_checkpointing: false}');
    expect(text).toMatch(/decoders:\n {4}"0":\n {6}mapper:\n {8}gradient_checkpointing: true\n {8}num_chunks: 2/);
    expect(text).not.toMatch(/^ {2}encoder:/m);
    const again = await written(text);
    expect(again.recipe.checkpoint).toEqual(config.recipe.checkpoint);
  });
});

it('what a code base has no key for is said, and written above a new file', async () => {
  const config = await resolveConfig({
    model: 'physicsnemo-graphcast',
    flags: { checkpoint: 'processor:every=3', accumulate: '4' },
  });
  const { text, missing } = await exportConfig('physicsnemo', config);
  expect(missing.join(' ')).toMatch(/every=3.*4 accumulated/);
  expect(text).toMatch(/^# no key for --checkpoint processor:every=3/);
});

it('sweep writes every stage of its plan in the keys of the code base that was asked for', async () => {
  const { stdout } = await invoke(
    'sweep --import IMPORTED --grid 31x60 --mesh-level 2 --vram 24GB --hidden-dim 64,128 --layers 4,8 --from 64/4 --to 128/8 --export physicsnemo --json'
      .split(' ')
      .map((word) => (word === 'IMPORTED' ? file('physicsnemo.yaml') : word)),
  );
  const { plan } = JSON.parse(stdout);
  expect(plan.stages.length).toBeGreaterThan(1);
  for (const { hiddenDim, layers, exported } of plan.stages) {
    expect(exported.codeBase).toBe('physicsnemo');
    expect(exported.text).toContain('# nobody knows this one');
    const { model } = await reimported('physicsnemo', 'stage.yaml', exported.text);
    expect(model).toMatchObject({ hiddenDim, layers });
  }
});
