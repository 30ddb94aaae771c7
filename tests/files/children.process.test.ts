/** How children end, seen from outside. Runs `dist/`: `npm run build` first. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readEntries } from '../../src/verify/ledger.js';

const gcPlan = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-children-'));
afterAll(() => rmSync(folder, { recursive: true }));
const slow = ['verify', '--backend', 'js', '--hidden-dim', '64', '--layers', '8', '--json'];
const withMs = 90_000;

function start(argv: readonly string[], ledger = join(folder, 'ledger.jsonl')) {
  const child = spawn(process.execPath, [gcPlan, ...argv, '--ledger', ledger], { stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    written.stdout += text;
  });
  child.stderr.on('data', (text) => {
    written.stderr += text;
  });
  const ended = new Promise<{ exit: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (exit) => resolve({ exit, ...written })),
  );
  return { pid: child.pid!, ended };
}

const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function until<Value>(find: () => Value | undefined, what: string): Promise<Value> {
  const seconds = 30;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; await sleep(10)) {
    const found = find();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
}

const childOf = (pid: number) =>
  until(() => {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/);
    return first ? Number(first) : undefined;
  }, 'the start of a child');

const gone = (pid: number) => until(() => (isAlive(pid) ? undefined : true), `the end of process ${pid}`);

/** A program that stands where Python is expected. */
function python(script: string): string {
  const file = join(mkdtempSync(join(folder, 'python-')), 'python');
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}
const compile = (script: string, ...more: string[]) =>
  start([
    'verify',
    'graphcast-small',
    '--runtime',
    'jax',
    '--gpu',
    'h100-80gb',
    '--json',
    '--python',
    python(script),
    ...more,
  ]);

describe('a request to end', { timeout: withMs }, () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends the measuring process with us, whenever it comes while that starts',
    async (signal) => {
      for (const delayMs of [0, 50, 200, 700]) {
        const { pid, ended } = start(slow);
        const worker = await childOf(pid);
        await sleep(delayMs);
        process.kill(pid, signal);
        const { exit, stdout } = await ended;
        expect({ delayMs, exit, code: JSON.parse(stdout).code }).toEqual({ delayMs, exit: 130, code: 'interrupted' });
        await gone(worker);
      }
    },
  );

  it('that we cannot hear, SIGKILL, ends the measuring process too, also while it starts', async () => {
    for (const delayMs of [0, 50, 200, 700]) {
      const { pid, ended } = start(slow);
      const worker = await childOf(pid);
      await sleep(delayMs);
      process.kill(pid, 'SIGKILL');
      await ended;
      await gone(worker);
    }
  });

  it('ends Python and what Python started', async () => {
    const file = join(folder, 'grandchild');
    const { pid, ended } = compile(`sleep 300 & echo $! > ${file}; wait`);
    const child = await childOf(pid);
    const grandchild = await until(
      () => (existsSync(file) && Number(readFileSync(file, 'utf8'))) || undefined,
      'sleep',
    );
    process.kill(pid, 'SIGTERM');
    expect((await ended).exit).toBe(130);
    await gone(child);
    await gone(grandchild);
  });
});

describe('a measuring process', { timeout: withMs }, () => {
  it.each(['SIGTERM', 'SIGSEGV', 'SIGABRT', 'SIGBUS'] as const)('that %s ends is a result, exit 1', async (signal) => {
    const ledger = join(folder, `${signal}.jsonl`);
    const { pid, ended } = start(slow, ledger);
    process.kill(await childOf(pid), signal);
    const { exit, stdout } = await ended;
    expect(exit).toBe(1);
    expect(JSON.parse(stdout).verdict).toEqual({ kind: 'crashed', reason: expect.stringContaining(signal) });
    expect(readEntries(ledger).map(({ verdict }) => verdict)).toEqual(['crashed']);
  });
});

describe('ten at once', { timeout: withMs }, () => {
  it('all end with their answer; each leaves one whole line, and the output is one of theirs', async () => {
    const ledger = join(folder, 'ten.jsonl');
    const measurements = join(folder, 'measured.json');
    writeFileSync(measurements, '{"source":"pytorch","max_memory_allocated":9000000}');
    const output = join(folder, 'ten.json');
    const argv = ['verify', 'tiny', '--measured', measurements, '--tolerance', '100%', '--json', '--output', output];
    const runs = await Promise.all(Array.from({ length: 10 }, () => start(argv, ledger).ended));
    expect(new Set(runs.map(({ exit }) => exit)).size).toBe(1);
    expect(JSON.parse(readFileSync(output, 'utf8')).schema).toBe('gc-plan/measured@1');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(ledger, 'utf8').split('\n')).toHaveLength(11);
    expect(readEntries(ledger)).toHaveLength(10);
  });
});

describe('Python', { timeout: withMs }, () => {
  it('is ended at its time limit with the children that keep its pipes', async () => {
    const file = join(folder, 'slept');
    const { exit, stdout } = await compile(`sleep 300 & sleep 300; touch ${file}`, '--timeout', '1').ended;
    expect({ exit, code: JSON.parse(stdout).code }).toEqual({ exit: 2, code: 'probe-timeout' });
    expect(existsSync(file)).toBe(false);
  });

  it('whose answer is there is not waited for by a child of its own that keeps the pipes', async () => {
    const answer =
      '{"version":"1","device":"h100","argumentBytes":5,"outputBytes":3,"aliasBytes":3,"temporaryBytes":7}';
    const file = join(folder, 'sleeper');
    const { exit } = await compile(`setsid sleep 300 & echo $! > ${file}; echo '${answer}'`).ended;
    expect(exit).toBe(1);
    const sleeper = Number(readFileSync(file, 'utf8'));
    expect(isAlive(sleeper)).toBe(true);
    process.kill(sleeper, 'SIGKILL');
  });

  it.each([
    ['{}', `echo '{}'`, 'probe-failed'],
    ['text for numbers', `echo '{"version":"1","device":"h","argumentBytes":"5"}'`, 'probe-failed'],
    [
      'numbers below 0',
      `echo '{"version":"1","device":"h","argumentBytes":-5,"outputBytes":1,"aliasBytes":1,"temporaryBytes":9}'`,
      'probe-failed',
    ],
    ['half an object', `echo '{"version":'`, 'probe-failed'],
    ['bytes that are no text', 'head -c 100000 /dev/urandom', 'probe-failed'],
    ['no list of packages', `echo '{"missing":7}'`, 'probe-failed'],
    ['nothing, ended by a signal', 'kill -SEGV $$', 'probe-failed'],
    ['700 MB', 'head -c 700000000 /dev/zero', 'probe-failed'],
  ])('that prints %s is an error of the user’s installation', async (_, script, code) => {
    const { exit, stdout } = await compile(script).ended;
    expect({ exit, code: JSON.parse(stdout).code }).toEqual({ exit: 2, code });
  });

  it('that is no program is one too', async () => {
    for (const path of [folder, gcPlan.replace('run.js', 'missing'), fileURLToPath(import.meta.url)]) {
      const { exit, stdout } = await start(['verify', '--runtime', 'jax', '--gpu', 't4', '--python', path, '--json'])
        .ended;
      expect({ path, exit, code: JSON.parse(stdout).code }).toEqual({ path, exit: 2, code: 'python-missing' });
    }
  });
});
