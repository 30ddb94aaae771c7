/** Where `--output` and its like go: what lies at the path decides how it is written. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/services/write.js';
import { invoke } from '../cli/invoke.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-files-'));
  file = join(folder, 'report.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Exit 2, a sentence, and nothing new beside it. */
async function expectRefusal(path: string, reason: RegExp): Promise<void> {
  const before = readdirSync(folder);
  const { exit, stderr } = await invoke(['profiles', '--output', path]);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(reason) });
  expect(readdirSync(folder)).toEqual(before);
}

/** A program that reads all of `path` into `copy`; this process may block meanwhile. */
function copied(path: string, copy: string): Promise<void> {
  const child = spawn('sh', ['-c', 'exec cat "$0" > "$1"', path, copy], { stdio: 'ignore' });
  return new Promise((resolve) => child.once('close', () => resolve()));
}

describe('an output', () => {
  it.each([0o600, 0o640, 0o755, 0o4711])('keeps the mode %i of the file that it replaces', (mode) => {
    writeFileSync(file, 'old');
    chmodSync(file, mode);
    writeAtomically(file, 'new');
    expect(statSync(file).mode & 0o7777).toBe(mode);
    expect(readFileSync(file, 'utf8')).toBe('new');
  });

  it('goes through links to the file at their end, in that file’s folder, and the links stay', () => {
    mkdirSync(join(folder, 'deep'));
    const target = join(folder, 'deep', 'target.json');
    writeFileSync(target, 'old', { mode: 0o600 });
    symlinkSync('deep/target.json', join(folder, 'first'));
    symlinkSync('first', file);
    writeAtomically(file, 'new');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(lstatSync(target).isFile()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('new');
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['deep', 'first', 'report.json']);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['target.json']);
  });

  it('makes the file that a link without a target names', () => {
    symlinkSync('later.json', file);
    writeAtomically(file, 'new');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'later.json'), 'utf8')).toBe('new');
  });

  it('counts the `..` of a link from where the link lies, not from the link to its folder', () => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    symlinkSync('a/b', join(folder, 'short'));
    symlinkSync('../target', join(folder, 'a', 'b', 'link'));
    writeAtomically(join(folder, 'short', 'link'), 'new');
    expect(readFileSync(join(folder, 'a', 'target'), 'utf8')).toBe('new');
  });

  it('to a loop of links, a folder, below a file or in no folder is refused', async () => {
    symlinkSync('other', file);
    symlinkSync('report.json', join(folder, 'other'));
    await expectRefusal(file, /ELOOP/);
    await expectRefusal(folder, /it is a folder/);
    writeFileSync(join(folder, 'file'), '');
    await expectRefusal(join(folder, 'file', 'report.json'), /ENOTDIR/);
    await expectRefusal(join(folder, 'missing', 'report.json'), /ENOENT/);
  });

  it('to a socket is refused, and the socket stays', async () => {
    const server = createServer().listen(file);
    try {
      await expectRefusal(file, /it is a socket/);
      expect(statSync(file).isSocket()).toBe(true);
    } finally {
      server.close();
    }
  });

  it('is written into a pipe, however long, and the pipe stays', async () => {
    execFileSync('mkfifo', [file]);
    const copy = join(folder, 'copy');
    const read = copied(file, copy);
    const longerThanAPipe = 'x'.repeat(1_000_000);
    writeAtomically(file, longerThanAPipe);
    await read;
    expect(readFileSync(copy, 'utf8') === longerThanAPipe).toBe(true);
    expect(statSync(file).isFIFO()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['copy', 'report.json']);
  });

  it('into a pipe that nobody reads ends, and says so', async () => {
    execFileSync('mkfifo', [file]);
    await expectRefusal(file, /nobody reads this pipe/);
    expect(statSync(file).isFIFO()).toBe(true);
  });

  /** A copy of the null device, made for this test: only root may, and not in every container. */
  it('is written into a device, which stays one, through a link too', (context) => {
    const device = join(folder, 'null');
    try {
      execFileSync('mknod', [device, 'c', '1', '3'], { stdio: 'ignore' });
      writeFileSync(device, '');
    } catch {
      context.skip('device nodes cannot be made here');
    }
    symlinkSync('null', join(folder, 'link'));
    for (const path of [device, join(folder, 'link')]) {
      writeAtomically(path, 'gone');
      expect(lstatSync(device).isCharacterDevice()).toBe(true);
    }
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['link', 'null']);
  });

  it.each([
    ['check --update-baseline', ['check', 'plan.yaml', '--update-baseline'], 'plan.baseline.json'],
    ['explain --perfetto', ['explain', 'tiny', '--perfetto', 'trace.json'], 'trace.json'],
    ['explain --snapshot', ['explain', 'tiny', '--runtime', 'pytorch', '--snapshot', 'memory.pickle'], 'memory.pickle'],
    ['init --file', ['init', '--gpu', 't4', '--force', '--file', 'plan.yaml'], 'plan.yaml'],
  ])('of %s goes through a link too', async (_, argv, name) => {
    writeFileSync(join(folder, 'target'), 'configurations: { one: { model: tiny } }');
    const inFolder = argv.map((token) => (/\.(yaml|json|pickle)$/.test(token) ? join(folder, token) : token));
    if (argv[0] === 'check') writeFileSync(join(folder, 'plan.yaml'), 'configurations: { one: { model: tiny } }');
    symlinkSync('target', join(folder, name));
    const before = readFileSync(join(folder, 'target'));
    expect(await invoke(inFolder)).toMatchObject({ exit: 0 });
    expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'target')).equals(before)).toBe(false);
  });
});

describe('a step summary', () => {
  it('that cannot be written goes to stdout, with a warning', async () => {
    const env = { GITHUB_STEP_SUMMARY: join(folder, 'missing', 'summary.md') };
    const { exit, stdout, stderr } = await invoke(['estimate', 'tiny', '--format', 'github'], { env });
    expect(exit).toBe(0);
    expect(stdout).toContain('|');
    expect(stderr).toContain('GITHUB_STEP_SUMMARY');
    expect(existsSync(env.GITHUB_STEP_SUMMARY)).toBe(false);
  });
});
