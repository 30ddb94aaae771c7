/** Runs a configuration in a fresh process and says how it went: memory that runs out and a step that hangs are answers too. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.js';
import { nativeEnvironment } from './backends/native.js';
import type { FromWorker, Job, Measurement } from './protocol.js';

export type Outcome =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'oom'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly reason: string };

export interface MeasureOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Extract<FromWorker, { kind: 'progress' }>) => void;
  /** The compiled `worker.js`. */
  readonly worker?: string;
}

const workerFile = fileURLToPath(new URL('../../dist/verify/worker.js', import.meta.url));
/** What a person would see of a crash: the end of its stderr. */
const keptStderrLength = 2_000;

export async function measure(job: Job, options: MeasureOptions): Promise<Outcome> {
  const { timeoutMs, signal, onProgress = () => {}, worker = workerFile } = options;
  signal?.throwIfAborted();
  const child = spawn(process.execPath, ['--expose-gc', worker], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...nativeEnvironment, ...(job.backend === 'node' && { CUDA_VISIBLE_DEVICES: '-1' }) },
  });
  let answer: FromWorker | undefined;
  let stderr = '';
  let timedOut = false;
  const kill = () => child.kill('SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal?.addEventListener('abort', kill, { once: true });
  process.once('exit', kill);
  child.stderr!.on('data', (text) => {
    stderr = `${stderr}${text}`.slice(-keptStderrLength);
  });
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'progress') onProgress(message);
    else answer = message;
  });
  const ended = new Promise<{ readonly code: number | null; readonly by: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code, by }));
  });
  try {
    // A child that is gone before it could read its job is reported by its end.
    child.send(job, () => {});
    const { code, by } = await ended;
    signal?.throwIfAborted();
    return outcome(answer, timedOut, timeoutMs, { code, by, stderr });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    process.off('exit', kill);
    kill();
  }
}

interface End {
  readonly code: number | null;
  readonly by: NodeJS.Signals | null;
  readonly stderr: string;
}

function outcome(
  answer: FromWorker | undefined,
  timedOut: boolean,
  timeoutMs: number,
  { code, by, stderr }: End,
): Outcome {
  if (answer?.kind === 'measured') return answer;
  if (timedOut) return { kind: 'timeout', reason: `the steps did not end within ${timeoutMs / 1000} s` };
  switch (answer?.kind) {
    case 'input-error':
      throw new InputError(answer.code, answer.message, answer.nextSteps);
    case 'out-of-memory':
      return { kind: 'oom', reason: answer.message };
    case 'bug':
      throw new Error(answer.message);
  }
  if (by === 'SIGKILL')
    return { kind: 'oom', reason: 'the process was killed (SIGKILL), as a system does that has run out of memory' };
  if (by === 'SIGABRT' || /out of memory|bad_alloc/i.test(stderr))
    return { kind: 'oom', reason: lastLine(stderr) || 'the process aborted' };
  throw new Error(`the measuring process ended with ${by ?? `exit code ${code}`}\n${stderr}`);
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)!;
