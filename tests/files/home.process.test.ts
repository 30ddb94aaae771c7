/** A user that the system does not know, as in a container's `--user 12345`. Runs `dist/`: `npm run build` first. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const { HOME: _home, SHELL: _shell, XDG_DATA_HOME: _data, ...env } = process.env;
const unknownUser = '54321';

/** Only root may become another user. */
const canBecomeAnother = spawnSync('setpriv', ['--reuid', unknownUser, '--clear-groups', 'true']).status === 0;

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
