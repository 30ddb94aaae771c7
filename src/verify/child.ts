/** A fresh process for one job: it ends with its answer, at its time limit, when it is interrupted, or with its parent. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nativeEnvironment } from './backends/native.js';
import type { FromWorker, Job, Probe } from './protocol.js';

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Extract<FromWorker, { kind: 'progress' }>) => void;
}

export interface Ended {
  /** Absent: the process was gone before it had one. */
  readonly answer: Exclude<FromWorker, { kind: 'progress' }> | undefined;
  readonly timedOut: boolean;
  readonly code: number | null;
  readonly by: NodeJS.Signals | null;
  /** What a person would see of a crash; V8 says why before it prints its stack. */
  readonly stderr: string;
}

/** Compiled, also where the rest runs from its sources. */
const workerFile = fileURLToPath(new URL('../../dist/verify/worker.js', import.meta.url));
const keptStderrLength = 20_000;

export async function runChild(job: Job | Probe, { timeoutMs, signal, onProgress }: ChildOptions): Promise<Ended> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, ['--expose-gc', workerFile], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...nativeEnvironment, ...(job.backend === 'node' && { CUDA_VISIBLE_DEVICES: '-1' }) },
  });
  let answer: Ended['answer'];
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
    stderr = `${stderr}${text}`.slice(0, keptStderrLength);
  });
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'progress') onProgress?.(message);
    else answer = message;
  });
  const ended = new Promise<Pick<Ended, 'code' | 'by'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code, by }));
  });
  try {
    // A child that is gone before it could read its job is reported by its end.
    child.send(job, () => {});
    const { code, by } = await ended;
    signal?.throwIfAborted();
    return { answer, timedOut, code, by, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    process.off('exit', kill);
    kill();
  }
}
