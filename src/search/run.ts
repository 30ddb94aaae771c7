/**
 * Drives a search: in this thread, joined by workers where there is work enough for them. All take chunks from a shared counter. A
 * candidate's row depends on its number alone, so that the columns are the same whatever the number of threads.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { assetFile } from '../config/assets.js';
import { yieldToEvents } from '../event-loop.js';
import { type CandidateBuffers, Candidates } from './candidates.js';
import { Cursor } from './cursor.js';
import { Evaluator, type Search } from './evaluate.js';
import { numCandidates } from './space.js';
import type { UnsizedSteps } from './unsized-step.js';

export type OnProgress = (numDone: number, numInAll: number) => void;

export interface RunOptions {
  /** This one among them. Absent: as many as the work is worth, one per core at most. */
  readonly numThreads?: number | undefined;
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
/** No space of fewer is worth a second thread. */
const minCandidatesForWorkers = 2_000;
/** So long the first thread is alone: then its pace tells how much is left. */
const aloneMs = 500;
/** Work that is left for each thread when a worker is started: it loads the program and warms it up, which takes half a second. */
const worthAWorkerMs = 2_000;

/** The candidates, some of them pending if the signal interrupted it. */
export async function runSearch(search: Search, options: RunOptions): Promise<Candidates> {
  const { signal, onProgress, unsizedSteps } = options;
  const total = numCandidates(search.space);
  const numThreads = options.numThreads ?? (total < minCandidatesForWorkers ? 1 : undefined);
  const candidates = Candidates.create(total);
  const cursor = new Cursor();
  const report = () => onProgress?.(cursor.done, total);
  const timer = setInterval(report, progressIntervalMs);
  const workers = new Workers({ search, candidates: candidates.buffers, cursor: cursor.buffer }, signal);
  const begin = performance.now();
  try {
    if (numThreads !== undefined) workers.start(numThreads - 1);
    for (const _ of new Evaluator(search, candidates, unsizedSteps).run(cursor)) {
      const others = yieldToEvents();
      if (others === undefined) continue;
      await others;
      if (signal.aborted) break;
      if (numThreads === undefined) workers.start(worthwhile(performance.now() - begin, cursor.done / total));
    }
    await workers.finished();
    report();
  } finally {
    clearInterval(timer);
    await workers.terminate();
  }
  return candidates;
}

/** Workers beside this thread, when it took so long for a share of the work. */
export function worthwhile(elapsedMs: number, doneShare: number, numCores = availableParallelism()): number {
  if (elapsedMs < aloneMs || doneShare === 0) return 0;
  const leftMs = (elapsedMs / doneShare) * (1 - doneShare);
  return Math.min(numCores, Math.floor(leftMs / worthAWorkerMs)) - 1;
}

class Workers {
  private running: readonly Worker[] = [];
  private ended: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly input: WorkerInput,
    private readonly signal: AbortSignal,
  ) {}

  /** Once: none are added to those that run. */
  start(count: number): void {
    if (this.running.length > 0 || count < 1) return;
    this.running = Array.from(
      { length: count },
      () => new Worker(assetFile('search/worker.js'), { workerData: this.input }),
    );
    this.signal.addEventListener('abort', this.terminate, { once: true });
    this.ended = Promise.all(this.running.map(left));
    // Who waits for the end hears of a failure then.
    this.ended.catch(() => {});
  }

  async finished(): Promise<void> {
    await this.ended;
  }

  readonly terminate = async (): Promise<void> => {
    this.signal.removeEventListener('abort', this.terminate);
    await Promise.all(this.running.map((worker) => worker.terminate()));
  };
}

/** Resolves when the worker has left, by itself or terminated. */
const left = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
