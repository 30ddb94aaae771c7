import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { commandNames, loadCommand } from '../../src/cli/command-table.js';
import { invoke } from './invoke.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('--output', () => {
  it('writes what stdout would hold, prints the path on stderr and leaves nothing else behind', async () => {
    const path = join(folder, 'profiles.json');
    const toFile = await invoke(['profiles', '--json', '--output', path]);
    const toStdout = await invoke(['profiles', '--json']);
    expect(toFile).toEqual({ exit: 0, stdout: '', stderr: `${path}\n` });
    expect(readFileSync(path, 'utf8')).toBe(toStdout.stdout);
    expect(readdirSync(folder)).toEqual(['profiles.json']);
  });

  it('never puts colour into a file', async () => {
    const path = join(folder, 'profiles.txt');
    await invoke(['profiles', '--output', path], { isTTY: true });
    const text = readFileSync(path, 'utf8');
    expect(stripVTControlCharacters(text)).toBe(text);
  });
});

describe('--json', () => {
  it('wins over --format, wherever it stands', async () => {
    const runs = await Promise.all([
      invoke(['profiles', '--format', 'table', '--json']),
      invoke(['--json', 'profiles', '--format=table']),
      invoke(['profiles', '--format', 'json']),
    ]);
    expect(JSON.parse(runs[0].stdout).schema).toBe('gc-plan/profiles@1');
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
  });

  it('makes help and version documents too', async () => {
    for (const argv of [
      ['--version', '--json'],
      ['estimate', '--help', '--json'],
      ['help', '--json'],
    ])
      expect(JSON.parse((await invoke(argv)).stdout).tool.name).toBe('gc-plan');
  });
});

describe('colour', () => {
  it.each([
    [{ isTTY: true }, true],
    [{ isTTY: false }, false],
    [{ isTTY: true, env: { NO_COLOR: '1' } }, false],
    [{ isTTY: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    [{ isTTY: false, env: { FORCE_COLOR: '1' } }, true],
    [{ isTTY: true, env: { TERM: 'dumb' } }, false],
  ])('%j decides %s', async (surroundings, colour) => {
    const { stdout } = await invoke(['profiles'], surroundings);
    expect(stripVTControlCharacters(stdout) !== stdout).toBe(colour);
  });
});

describe('help', () => {
  it('without a command shows what to try and names every command', async () => {
    const { exit, stdout } = await invoke([]);
    expect(exit).toBe(0);
    for (const name of commandNames) expect(stdout).toContain(`  ${name} `);
  });

  it.each(commandNames)('of %s has three examples or more and is the same from --help, -h and help', async (name) => {
    const Command = await loadCommand(name);
    expect(Command.examples.length).toBeGreaterThanOrEqual(3);
    for (const argv of [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
      ['--help', name],
    ]) {
      const { exit, stdout } = await invoke(argv);
      expect(exit).toBe(0);
      expect(stdout.startsWith(`${Command.summary}\n`)).toBe(true);
    }
  });
});
