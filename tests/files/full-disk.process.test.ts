/** A disk without space, as Linux shows it: `/dev/full` for stdout, the shell's limit of a file's size for what is appended. Runs `dist/`. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-full-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shell = (script: string) =>
  new Promise<{ exit: number | string; stdout: string; stderr: string }>((resolve) => {
    execFile('sh', ['-c', script, process.execPath, gcPlan, folder], (error, stdout, stderr) =>
      resolve({ exit: error?.code ?? 0, stdout, stderr }),
    );
  });

describe.skipIf(process.platform !== 'linux')('a full disk', { timeout: 180_000 }, () => {
  it.each(['estimate tiny --runtime pytorch', 'profiles --json', 'estimate tiny --runtime pytorch --vram 1GB --json'])(
    'as stdout of %s is one line and exit 2, never a no',
    async (typed) => {
      const { exit, stderr } = await shell(`"$0" "$1" ${typed} > /dev/full`);
      expect({ exit, stderr }).toEqual({
        exit: 2,
        stderr: expect.stringMatching(/^gc-plan: stdout cannot be written: ENOSPC[^\n]*\n$/),
      });
    },
  );

  it('under the ledger: the half of a line is taken back, warned of, and the report is printed', async () => {
    const ledger = join(folder, 'ledger.jsonl');
    const before = `${'x'.repeat(900)}\n`;
    writeFileSync(ledger, before);
    // Two blocks of 512 bytes: 123 are left.
    const { exit, stdout, stderr } = await shell(
      `trap '' XFSZ; ulimit -f 2; "$0" "$1" verify tiny --backend js --hidden-dim 8 --layers 1 --steps 2 --json --ledger "$2/ledger.jsonl"`,
    );
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'gc-plan/verify@1' });
    expect(stderr).toContain('this result is not recorded: there is no space left for it.');
    expect(readFileSync(ledger, 'utf8')).toBe(before);
  });
});
