/** Steps captured under a real torch, by the built command line. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { liveness } from '../../../src/memory/liveness.js';
import type { Capture } from '../../../src/reports/capture/schema.js';
import { readTrace } from '../../../src/verify/capture/trace-file.js';

export const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const packages = at('../../../.cache/torch');
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, PYTHONPATH: packages, XDG_CACHE_HOME: folder };

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const run = (command: string, argv: readonly string[]) =>
  new Promise<Ended>((resolve) =>
    execFile(command, argv, { env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      resolve({ exit: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    ),
  );

let numTraces = 0;
export async function captured(step: string, ...flags: readonly string[]) {
  const file = join(folder, `${numTraces++}.trace.gz`);
  const { exit, stdout } = await run(process.execPath, [
    at('../../../bin/run.js'),
    ...['capture', step, '--trace', file, ...flags, '--json'],
  ]);
  return { exit, file, report: JSON.parse(stdout) as Capture & { readonly code?: string; readonly message: string } };
}

interface Answer {
  readonly refused?: { readonly code: string; readonly message: string };
  readonly unseen?: readonly { readonly what: string }[];
}

/** Many steps as the command captures them, without a step on the CPU: torch starts once, and each is captured in a child of that process. */
export function capturedTogether(file: string, cases: readonly (readonly [step: string, options?: object])[]) {
  const traces = cases.map(() => join(folder, `${numTraces++}.trace.gz`));
  const input = cases.map(([step, options = {}], i) => JSON.stringify([file, step, traces[i], options])).join('\n');
  const argv = ['-W', 'ignore', at('./many.py'), at('../../../src/verify/capture')];
  const answers = execFileSync('python3', argv, { env, input: `${input}\n`, encoding: 'utf8', maxBuffer: 2 ** 24 });
  const lines = answers.trim().split('\n');
  return lines.map((line, i) => ({ ...(JSON.parse(line) as Answer), trace: traces[i]! }));
}

export async function peakOf(path: string): Promise<number> {
  const { trace, bytesOfBuffer } = await readTrace(path);
  return liveness(trace, {}, bytesOfBuffer).peak.liveBytes;
}

export function peaksOf(file: string, cases: Parameters<typeof capturedTogether>[1]): Promise<readonly number[]> {
  const captures = capturedTogether(file, cases);
  expect(captures.map(({ refused }) => refused)).toEqual(cases.map(() => undefined));
  return Promise.all(captures.map(({ trace }) => peakOf(trace)));
}

export function userFile(text: string): string {
  const file = join(folder, `user${numTraces}.py`);
  writeFileSync(file, `import torch\nfrom torch import nn\n${text}\n`);
  return file;
}
