/**
 * The user's Python records a step of the user's own code, in a process of its own: under fake tensors (`capture.py`), or as XLA compiles it
 * for a card (`../jax/capture.py`).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { assetFile } from '../../config/assets.js';
import { given } from '../../config/profiles.js';
import { readAt, readRegularText, withRegularFile } from '../../config/read-file.js';
import type { Device } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { unseen } from '../../reports/trace/schema.js';
import { MiB } from '../../units.js';
import { type ProcessEnd, withStderr } from '../process.js';
import { runPython } from '../python.js';
import { type CapturedTrace, readTrace } from './trace-file.js';

/** What is changed of the user's step before it is recorded. */
export interface StepChanges {
  /** Paths of modules to recompute; * stands for one part. */
  readonly checkpoint?: readonly string[];
  readonly batch?: number;
  readonly autocast?: 'bf16' | 'fp16' | 'off';
  /** `cuda`: it runs there, and no trace is made. */
  readonly device?: 'none' | 'cuda';
  /** One real step on the CPU, where it is small. */
  readonly rehearsal?: boolean;
}

export interface CaptureOptions {
  readonly python: string;
  readonly file: string;
  /** Gives a step, or (model, optimizer, batch, loss). */
  readonly functionName: string;
  /** What a step of a code base is built from: the function is called with it. */
  readonly configuration?: unknown;
  readonly changes?: StepChanges;
  /** It is compiled for this one, not run. */
  readonly card?: Device;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const refusalSchema = z.object({
  refused: z.object({ code: z.string(), message: z.string(), nextSteps: z.array(z.string()) }),
});
const measuredSchema = z.object({ measured: z.array(z.record(z.string(), z.unknown())).min(1) });
const recordedSchema = z.object({
  source: z.string(),
  versions: z.record(z.string(), z.string()),
  unseen: z.array(unseen),
});

export type Recorded = z.infer<typeof recordedSchema> & {
  /** Absent: the step did not run to its end. `bytes`: the file as it is to be written. */
  readonly captured?: CapturedTrace & { readonly bytes: Buffer };
};

const running = {
  script: assetFile('verify/capture/capture.py'),
  nextStep: '--python PATH names the Python that has torch and your code',
};
const compiling = {
  script: assetFile('verify/jax/capture.py'),
  nextStep: '--python PATH names the Python that has jax[cuda12] and your code',
};
/** What the user's code prints is not the report. */
const kept = { stderr: { maximumBytes: 16_384, end: 'last' } } as const;

/** @throws InputError where Python, torch or a compiler is missing, or the user's code fails by itself. */
export async function recordStep(options: CaptureOptions): Promise<Recorded> {
  const { answer, trace } = await answerFrom(options);
  const recorded = recordedSchema.parse(answer);
  return trace === undefined ? recorded : { ...recorded, captured: trace };
}

/** Lines of the format of `verify --measured`, of a step that ran on the card that is there. @throws InputError likewise */
export async function measureStep(options: CaptureOptions): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { answer } = await answerFrom(options);
  return measuredSchema.parse(answer).measured;
}

async function answerFrom(options: CaptureOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-'));
  try {
    const traceFile = join(folder, 'trace.gz');
    const answerFile = join(folder, 'answer.json');
    const optionsFile = join(folder, 'options.json');
    const { configuration, changes, card } = options;
    const { script, nextStep } = card === undefined ? running : compiling;
    writeFileSync(optionsFile, JSON.stringify({ ...given({ configuration, card }), ...changes }));
    const files = [traceFile, answerFile, String(process.pid), optionsFile];
    const end = await runPython(
      {
        args: [script, options.file, options.functionName, ...files],
        kept,
        nextStep,
      },
      options,
    );
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
    if (!(typeof answer === 'object' && answer !== null && 'numEvents' in answer)) return { answer };
    const bytes = withRegularFile(traceFile, (descriptor, sizeBytes) => readAt(descriptor, 0, sizeBytes));
    return { answer, trace: { ...(await readTrace(traceFile)), bytes } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answerOf(file: string, end: ProcessEnd): unknown {
  try {
    return JSON.parse(readRegularText(file, { maximumBytes: 16 * MiB, kind: 'an answer' }));
  } catch {
    const how = end.by === null ? `ended with code ${end.code}` : `was ended by ${end.by}`;
    throw new InputError('capture-failed', withStderr(`Python ${how} before it had recorded a step`, end), [
      'run the function by itself first',
    ]);
  }
}
