/** Steps that do not end well. Runs `dist/` as a user would: `npm run build` first. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verification } from '../../src/reports/verify/schema.js';
import { readEntries } from '../../src/verify/ledger.js';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gc-plan-verify-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A step of this takes half a minute in pure JavaScript: there is time to do something to it. */
const slow = ['verify', '--backend', 'js', '--hidden-dim', '64', '--layers', '8', '--json'];
let numLedgers = 0;

interface Ended {
  readonly exit: number | null;
  readonly report: Verification;
  readonly stdout: string;
  readonly stderr: string;
}

function start(argv: readonly string[], command = process.execPath, before: readonly string[] = []) {
  const ledger = join(folder, `ledger-${numLedgers++}.jsonl`);
  const child = spawn(command, [...before, gcPlan, ...argv, '--ledger', ledger], { stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    written.stdout += text;
  });
  child.stderr.on('data', (text) => {
    written.stderr += text;
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (exit) => resolve({ exit, ...written, report: JSON.parse(written.stdout || '{}') })),
  );
  return { pid: child.pid!, ended, ledger };
}

const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

async function until<Value>(find: () => Value | undefined, what: string, seconds = 30): Promise<Value> {
  for (let waited = 0; waited < 10 * seconds; waited++) {
    const found = find();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
}

/** The measuring process, once it is in its first step. */
async function workerOf(pid: number): Promise<number> {
  const worker = await until(() => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/);
    return children[0] ? Number(children[0]) : undefined;
  }, 'the start of the measuring process');
  const busyKiB = 150_000;
  await until(
    () =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${worker}/status`, 'utf8'))?.[1]) > busyKiB ? true : undefined,
    'its first step',
  );
  return worker;
}

const gone = (pid: number) => until(() => (isAlive(pid) ? undefined : true), `the end of process ${pid}`, 10);

/** Every line of the ledger is whole, and says the same as the report. */
function expectLedger(ledger: string, verdict: string): void {
  const entries = readEntries(ledger);
  expect(entries.map((entry) => entry.verdict)).toEqual([verdict]);
  expect(entries[0]!.measured).toBeUndefined();
}

describe('steps that do not end well', { timeout: 90_000 }, () => {
  it('killed, as a system does that is out of memory: oom, exit 1', async () => {
    const { pid, ended, ledger } = start(slow);
    process.kill(await workerOf(pid), 'SIGKILL');
    const { exit, report } = await ended;
    expect(exit).toBe(1);
    expect(report.verdict).toEqual({ kind: 'oom', reason: expect.stringContaining('SIGKILL') });
    expect(report.measured).toBeUndefined();
    expect(report.predicted.peakLiveBytes).toBeGreaterThan(0);
    expectLedger(ledger, 'oom');
  });

  it('more memory than the limit allows: oom, exit 1', async () => {
    const { ended, ledger } = start(slow, 'sh', ['-c', 'ulimit -d 300000; exec "$0" "$@"', process.execPath]);
    const { exit, report } = await ended;
    expect(exit).toBe(1);
    expect(report.verdict.kind).toBe('oom');
    expect(report.verdict.reason).not.toBe('');
    expectLedger(ledger, 'oom');
  });

  it('a hang: timeout, exit 1, and the process is gone', async () => {
    const { pid, ended, ledger } = start([...slow, '--timeout', '8']);
    const worker = await workerOf(pid);
    process.kill(worker, 'SIGSTOP');
    const { exit, report } = await ended;
    expect(exit).toBe(1);
    expect(report.verdict).toEqual({ kind: 'timeout', reason: expect.stringContaining('8 s') });
    await gone(worker);
    expectLedger(ledger, 'timeout');
  });

  it('Ctrl-C: exit 130, no process left, nothing in the ledger', async () => {
    const { pid, ended, ledger } = start(slow);
    const worker = await workerOf(pid);
    process.kill(pid, 'SIGINT');
    const { exit, stdout } = await ended;
    expect(exit).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'gc-plan/error@1', code: 'interrupted' });
    await gone(worker);
    expect(readEntries(ledger)).toEqual([]);
  });

  it('the parent killed: the measuring process ends by itself', async () => {
    const { pid, ended, ledger } = start(slow);
    const worker = await workerOf(pid);
    process.kill(pid, 'SIGKILL');
    await ended;
    await gone(worker);
    expect(readEntries(ledger)).toEqual([]);
  });
});

describe('the ledger', () => {
  it('loses nothing when two processes append at once', async () => {
    const ledger = join(folder, 'shared.jsonl');
    const module = new URL('../../dist/verify/ledger.js', import.meta.url).href;
    const script = (writer: string) => `
      const { appendEntry } = await import(${JSON.stringify(module)});
      for (let i = 0; i < 300; i++)
        appendEntry(${JSON.stringify(ledger)}, { schema: 'gc-plan/ledger@1', runtime: 'tfjs', config: { model: {}, recipe: {} }, predicted: {}, verdict: 'within', time: '${writer} ' + i, padding: 'x'.repeat(i * 20) });
    `;
    const run = promisify(execFile);
    await Promise.all(['a', 'b'].map((writer) => run(process.execPath, ['--input-type=module', '-e', script(writer)])));
    const times = readEntries(ledger).map(({ time }) => time);
    for (const writer of ['a', 'b'])
      expect(times.filter((time) => time.startsWith(writer))).toEqual(
        Array.from({ length: 300 }, (_, i) => `${writer} ${i}`),
      );
  });
});
