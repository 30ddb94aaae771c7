/** A fresh process for one job: it ends with its answer, at its time limit, when it is interrupted, or with its parent. */
import { spawn } from 'node:child_process';
import { builtFile } from '../config/assets.js';
import { nativeEnvironment } from './backends/native.js';
import { endOf, type ProcessEnd } from './process.js';
import type { FromWorker, Job, Probe, StagesJob } from './protocol.js';

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Extract<FromWorker, { kind: 'progress' }>) => void;
}

/** `stderr`: what a person would see of a crash; V8 says why before it prints its stack. */
export interface Ended extends Omit<ProcessEnd, 'stdout'> {
  /** Absent: the process was gone before it had one. */
  readonly answer: Exclude<FromWorker, { kind: 'progress' }> | undefined;
}

/** Compiled, also where the rest runs from its sources. */
const workerFile = builtFile('verify/worker.js');
const stderr = { maximumBytes: 20_000, end: 'first' } as const;

export async function runChild(
  job: Job | StagesJob | Probe,
  { timeoutMs, signal, onProgress }: ChildOptions,
): Promise<Ended> {
  signal?.throwIfAborted();
  // It starts no processes, and stays in our group: what ends the group ends it.
  const child = spawn(process.execPath, ['--expose-gc', workerFile, String(process.pid)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...nativeEnvironment, ...(job.backend === 'node' && { CUDA_VISIBLE_DEVICES: '-1' }) },
  });
  let answer: Ended['answer'];
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'progress') onProgress?.(message);
    else answer = message;
  });
  // A child that is gone before it could read its job is reported by its end.
  child.send(job, () => {});
  const end = await endOf(child, { timeoutMs, signal, isGroup: false, kept: { stderr } });
  return { answer, ...end };
}
