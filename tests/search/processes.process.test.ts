/** Workers and interruptions: they need a process. It runs `dist/`: `npm run build` first, as `npm run ci:test` does. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
}

function sweep(argv: readonly string[], interruptAfterMs?: number): Promise<Ended> {
  const child = spawn(process.execPath, [gcPlan, 'sweep', ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  if (interruptAfterMs !== undefined) setTimeout(() => child.kill('SIGINT'), interruptAfterMs);
  return new Promise((resolve) => {
    child.on('close', (exit) => resolve({ exit, stdout }));
  });
}

const small = ['tiny', '--runtime', 'pytorch', '--vram', '2GB', '--hidden-dim', '32..256:16', '--layers', '3..8'];
const big = [
  'graphcast-small',
  '--runtime',
  'pytorch',
  '--vram',
  '24GB',
  '--hidden-dim',
  '32..1024:8',
  '--layers',
  '3..34',
];
const atWork = 4_000;

describe('a sweep', () => {
  it('prints the same bytes with 1, 2 and 4 workers, and twice in a row', { timeout: 180_000 }, async () => {
    const runs: Ended[] = [];
    for (const workers of ['1', '2', '4', '2']) runs.push(await sweep([...small, '--workers', workers, '--json']));
    expect(runs.map(({ exit }) => exit)).toEqual([0, 0, 0, 0]);
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
  });

  it.each(['1', '2'])(
    'with %s workers ends at Ctrl-C with 130 and prints nothing',
    { timeout: 60_000 },
    async (workers) => {
      const { exit, stdout } = await sweep([...big, '--workers', workers], atWork);
      expect({ exit, stdout }).toEqual({ exit: 130, stdout: '' });
    },
  );

  it('with --partial prints what it has at Ctrl-C, and how much is missing', { timeout: 60_000 }, async () => {
    const { exit, stdout } = await sweep([...big, '--workers', '2', '--partial', '--json'], atWork);
    expect(exit).toBe(130);
    const { candidates, plan } = JSON.parse(stdout);
    expect(candidates.pending).toBeGreaterThan(0);
    // How many stages stand by then is a matter of the machine's load.
    expect(plan).toMatchObject({ from: expect.anything(), to: expect.anything(), stages: expect.any(Array) });
  });
});
