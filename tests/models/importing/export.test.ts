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
