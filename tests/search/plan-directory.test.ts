/** `sweep --export CODEBASE --output-dir DIR`: the files of a plan, and whose they are. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sweep } from '../../src/reports/sweep/schema.js';
import { invoke } from '../cli/invoke.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-directory-'));
const directory = join(folder, 'plan');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => rmSync(directory, { recursive: true, force: true }));

const small = ['--vram', '8GB', '--hidden-dim', '16', '--layers', '4', '--batch', '1'];
const tooSmall = ['--vram', '256MB', ...small.slice(2)];
const write = (codeBase: string, to = '32/8') =>
  invoke(['sweep', 'tiny', ...small, '--from', '16/4', '--to', to, '--export', codeBase, '--output-dir', directory]);
const content = () =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));

describe('a plan directory', () => {
  it.each([
    ['deepmind', 'json', 'npz'],
    ['physicsnemo', 'yaml', 'pt'],
    ['anemoi', 'yaml', 'pt'],
    ['neural-lam', 'sh', 'pt'],
  ])('%s: a file for each stage that its importer reads as that stage', async (codeBase, ending, checkpoint) => {
    const { exit, stderr } = await write(codeBase);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: `${directory}: 4 of 4 files written\n` });
    const names = ['1-16x4', '2-16x8', '3-32x8'];
    expect(readdirSync(directory).sort()).toEqual(
      ['.gc-plan.json', ...names.map((name) => `${name}.${ending}`), 'README.md'].sort(),
    );
    for (const name of names) {
      const file = join(directory, `${name}.${ending}`);
      // What a file leaves open is taken from the shipped model.
      const model = { deepmind: 'graphcast', physicsnemo: 'physicsnemo-graphcast', anemoi: 'anemoi-gnn' }[codeBase];
      const argv = ['estimate', model ?? codeBase, '--import', file, '--json'];
      const config = JSON.parse((await invoke(argv)).stdout).config;
      expect(`${config.model.hiddenDim}x${config.model.layers}`).toBe(name.slice(2));
    }
    const readme = content()['README.md']!;
    expect(readme).toContain(`gc-plan grow 1-16x4-trained.${checkpoint} 2-16x8-start.${checkpoint} --layers 8`);
    expect(readme).toContain(`gc-plan grow 2-16x8-trained.${checkpoint} 3-32x8-start.${checkpoint} --hidden-dim 32`);
  });

  it('its README holds numbers that the commands in it print', async () => {
    await write('physicsnemo');
    const readme = content()['README.md']!;
    const rows = [...readme.matchAll(/^\| \d+\/\d+ \|.*$/gm)].map(([row]) => row);
    const commands = [...readme.matchAll(/^gc-plan (estimate .*)$/gm)].map(([, line]) => line!.split(' '));
    expect(rows).toHaveLength(3);
    expect(commands).toHaveLength(3);
    for (const [index, argv] of commands.entries()) {
      const { parameters, config, memory } = JSON.parse((await invoke([...argv, '--json'])).stdout);
      expect(config.model.layout).toMatch(/^physicsnemo/);
      expect(rows[index]).toContain(`| ${parameters.count.toLocaleString('en-US')} |`);
      expect(rows[index]).toContain(`${(memory.deviceBytes / 2 ** 20).toFixed(2)} MiB`);
    }
  });

  it('is not touched by the same command again, and loses its own files that a shorter plan has not', async () => {
    await write('physicsnemo');
    const before = content();
    const times = readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs);
    expect((await write('physicsnemo')).stderr).toContain('0 of 4 files written');
    expect(content()).toEqual(before);
    expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs)).toEqual(times);
    expect((await write('physicsnemo', '16/8')).stderr).toContain('1 of 3 files written, 1 removed');
    expect(existsSync(join(directory, '3-32x8.yaml'))).toBe(false);
    expect(content()['1-16x4.yaml']).toBe(before['1-16x4.yaml']);
  });

  it.each([
    ['a file of the user’s', 'README.md', 'mine', 'not-our-file'],
    ['a file that the user changed', '2-16x8.yaml', 'hidden_dim: 20', 'not-our-file'],
    ['a damaged list of files', '.gc-plan.json', '{', 'damaged-manifest'],
    ['a list that names files elsewhere', '.gc-plan.json', '{"files": {"../x": ""}}', 'damaged-manifest'],
  ])('%s is never overwritten: nothing is written', async (_, name, text, code) => {
    await write('physicsnemo');
    writeFileSync(join(directory, name), text);
    const before = content();
    const argv = ['sweep', 'tiny', ...small, '--from', '16/4', '--to', '32/8', '--export', 'physicsnemo'];
    const { exit, stdout } = await invoke([...argv, '--output-dir', directory, '--json']);
    expect({ exit, code: JSON.parse(stdout).code }).toEqual({ exit: 2, code });
    expect(content()).toEqual(before);
  });

  it('needs a code base, and says where nothing fits that nothing is written', async () => {
    const alone = await invoke(['sweep', 'tiny', ...small, '--output-dir', directory, '--json']);
    expect({ exit: alone.exit, code: JSON.parse(alone.stdout).code }).toEqual({ exit: 2, code: 'missing-option' });
    const argv = ['sweep', 'tiny', ...tooSmall, '--export', 'physicsnemo', '--output-dir', directory];
    const { exit, stderr } = await invoke(argv);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: `${directory}: nothing is written, no stage fits\n` });
    expect(existsSync(directory)).toBe(false);
  });

  it('says of every stage in JSON what its file is called and what makes its first checkpoint', async () => {
    const argv = ['sweep', 'tiny', ...small, '--from', '16/4', '--to', '16/8', '--export', 'deepmind', '--json'];
    const { plan } = JSON.parse((await invoke(argv)).stdout) as Sweep;
    expect(plan.stages.map(({ exported }) => [exported!.file, exported!.grow])).toEqual([
      ['1-16x4.json', undefined],
      ['2-16x8.json', 'gc-plan grow 1-16x4-trained.npz 2-16x8-start.npz --layers 8'],
    ]);
  });
});
