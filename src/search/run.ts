/**
 * Drives a search: in this thread, or in workers that take chunks from a shared counter. A candidate's row depends on its number
 * alone, so that the columns are the same whatever the number of workers.
 */

import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { assetFile } from '../config/assets.js';
import { type CandidateBuffers, Candidates } from './candidates.js';
import { Cursor } from './cursor.js';
import { Evaluator, type Search } from './evaluate.js';
import { numCandidates } from './space.js';
import type { UnsizedSteps } from './unsized-step.js';

export type OnProgress = (numDone: number, numInAll: number) => void;

export interface RunOptions {
  readonly numWorkers: number;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
  /** Those that this thread knows already. */
  readonly unsizedSteps: UnsizedSteps;
}

/** What a worker is handed. */
export interface WorkerInput {
  readonly search: Search;
  readonly candidates: CandidateBuffers;
  readonly cursor: SharedArrayBuffer;
}

const progressIntervalMs = 100;
/** How long this thread works before it looks up: Ctrl-C must be heard within 200 ms. */
const breathMs = 20;

/** The candidates, some of them pending if the signal interrupted it. */
export async function runSearch(search: Search, options: RunOptions): Promise<Candidates> {
  const { numWorkers, signal, onProgress, unsizedSteps } = options;
  const total = numCandidates(search.space);
  const candidates = Candidates.create(total);
  const cursor = new Cursor();
  const report = () => onProgress?.(cursor.done, total);
  const timer = setInterval(report, progressIntervalMs);
  try {
    await (numWorkers > 1
      ? runInWorkers({ search, candidates: candidates.buffers, cursor: cursor.buffer }, numWorkers, signal)
      : runHere(new Evaluator(search, candidates, unsizedSteps), cursor, signal));
    report();
  } finally {
    clearInterval(timer);
  }
  return candidates;
}

async function runHere(evaluator: Evaluator, cursor: Cursor, signal: AbortSignal): Promise<void> {
  let breath = performance.now();
  for (const _ of evaluator.run(cursor)) {
    if (performance.now() - breath < breathMs) continue;
    await setImmediate();
    if (signal.aborted) return;
    breath = performance.now();
  }
}

async function runInWorkers(input: WorkerInput, numWorkers: number, signal: AbortSignal): Promise<void> {
  const workers = Array.from(
    { length: numWorkers },
    () => new Worker(assetFile('search/worker.js'), { workerData: input }),
  );
  const terminateAll = () => Promise.all(workers.map((worker) => worker.terminate()));
  signal.addEventListener('abort', terminateAll, { once: true });
  try {
    await Promise.all(workers.map(finished));
  } finally {
    signal.removeEventListener('abort', terminateAll);
    await terminateAll();
  }
}

/** Resolves when the worker has left, by itself or terminated. */
const finished = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
