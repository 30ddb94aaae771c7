/** Of the user's folders: one that is not there, one that cannot be written. Runs `dist/`: `npm run build` first. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const { HOME: _home, SHELL: _shell, XDG_DATA_HOME: _data, ...env } = process.env;
const unknownUser = '54321';

/** Only root may become another user. */
const canBecomeAnother = spawnSync('setpriv', ['--reuid', unknownUser, '--clear-groups', 'true']).status === 0;

/** As in a container's `--user 12345`. */
describe('a user without a home and without an entry in passwd', () => {
  it.skipIf(!canBecomeAnother)('gets a report, help and errors like everyone', () => {
    expect(spawnSync('getent', ['passwd', unknownUser]).status).not.toBe(0);
    const run = (...argv: string[]) =>
      spawnSync('setpriv', ['--reuid', unknownUser, '--clear-groups', process.execPath, gcPlan, ...argv], { env });
    const report = run('estimate', 'tiny', '--json');
    expect({ status: report.status, stderr: String(report.stderr) }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(String(report.stdout)).schema).toBe('gc-plan/estimate@1');
    expect(run('estimate', '--help').status).toBe(0);
    expect(run('estimate', '--nosuch').status).toBe(2);
  });
});

describe('compiled code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-cache-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const { NODE_COMPILE_CACHE: _cache, NODE_DISABLE_COMPILE_CACHE: _none, ...environment } = process.env;
  const run = (cacheHome: string) =>
    spawnSync(process.execPath, [gcPlan, 'estimate', 'tiny', '--json'], {
      env: { ...environment, XDG_CACHE_HOME: cacheHome },
      encoding: 'utf8',
    });

  it('is kept in the cache folder where Node can, and the second answer is the first', () => {
    const [first, second] = [run(folder), run(folder)];
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: '' });
    expect(second.stdout).toBe(first.stdout);
    expect(existsSync(join(folder, 'gc-plan'))).toBe('enableCompileCache' in module);
  });

  it('is done without where nothing can be written', () => {
    const file = join(folder, 'no-folder');
    writeFileSync(file, '');
    const { status, stderr } = run(file);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
