/** The user's Python records a step of the user's own code under fake tensors: `capture.py`, in a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { shown } from '../../config/nearest.js';
import { readAt, readRegularText, withRegularFile } from '../../config/read-file.js';
import { InputError } from '../../errors.js';
import { unseen } from '../../reports/trace/schema.js';
import { MiB } from '../../units.js';
import { endOf, type ProcessEnd } from '../process.js';
import { type CapturedTrace, readTrace } from './trace-file.js';

export interface CaptureOptions {
  readonly python: string;
  readonly file: string;
  /** Gives a step, or (model, optimizer, batch, loss). */
  readonly functionName: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const refusalSchema = z.object({
  refused: z.object({ code: z.string(), message: z.string(), nextSteps: z.array(z.string()) }),
});
const recordedSchema = z.object({
  source: z.string(),
  versions: z.record(z.string(), z.string()),
  unseen: z.array(unseen),
});

export type Recorded = z.infer<typeof recordedSchema> & {
  /** Absent: the step did not run to its end. `bytes`: the file as it is to be written. */
  readonly captured?: CapturedTrace & { readonly bytes: Buffer };
};

const script = fileURLToPath(new URL('./capture.py', import.meta.url));
const kept = { stderr: { maximumBytes: 16_384, end: 'last' } } as const;
const shownStderrLength = 2_000;
/** Python may start processes of its own, a compiler among them. */
const isGroup = process.platform !== 'win32';

/** @throws InputError where Python, torch or a compiler is missing, or the user's code fails by itself. */
export async function recordStep(options: CaptureOptions): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-'));
  try {
    const traceFile = join(folder, 'trace.gz');
    const answerFile = join(folder, 'answer.json');
    const end = await runPython(traceFile, answerFile, options);
    if (end.timedOut)
      throw new InputError('capture-timeout', `The step took more than ${options.timeoutMs / 1000} s.`, [
        '--timeout 3600',
        'capture a smaller model first',
      ]);
    const answer = answerOf(answerFile, end);
    const refusal = refusalSchema.safeParse(answer);
    if (refusal.success) {
      const { code, message, nextSteps } = refusal.data.refused;
      throw new InputError(code, message, nextSteps);
    }
    const recorded = recordedSchema.parse(answer);
    if (!(typeof answer === 'object' && answer !== null && 'numEvents' in answer)) return recorded;
    const bytes = withRegularFile(traceFile, (descriptor, sizeBytes) => readAt(descriptor, 0, sizeBytes));
    return { ...recorded, captured: { ...(await readTrace(traceFile)), bytes } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answerOf(file: string, end: ProcessEnd): unknown {
  try {
    return JSON.parse(readRegularText(file, { maximumBytes: 16 * MiB, kind: 'an answer' }));
  } catch {
    const how = end.by === null ? `ended with code ${end.code}` : `was ended by ${end.by}`;
    throw new InputError(
      'capture-failed',
      `Python ${how} before it had recorded a step:\n${end.stderr.slice(-shownStderrLength)}`,
      ['run the function by itself first'],
    );
  }
}

async function runPython(
  traceFile: string,
  answerFile: string,
  { python, file, functionName, timeoutMs, signal }: CaptureOptions,
): Promise<ProcessEnd> {
  signal?.throwIfAborted();
  try {
    const child = spawn(python, [script, file, functionName, traceFile, answerFile, String(process.pid)], {
      // What the user's code prints is not the report.
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: isGroup,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    return await endOf(child, { timeoutMs, signal, isGroup, kept });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (!syscall?.startsWith('spawn') && code !== 'ERR_INVALID_ARG_VALUE') throw error;
    throw new InputError(
      'python-missing',
      code === 'ENOENT' ? `There is no ${shown(python)}.` : `${shown(python)} cannot be run (${code}).`,
      ['--python PATH names the Python that has torch and your code'],
    );
  }
}
