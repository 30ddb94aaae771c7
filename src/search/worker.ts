/** A thread of a search: takes chunks until none is left. */
import { workerData } from 'node:worker_threads';
import { Candidates } from './candidates.js';
import { Cursor } from './cursor.js';
import { Evaluator } from './evaluate.js';
import type { WorkerInput } from './run.js';

const { search, candidates, cursor } = workerData as WorkerInput;
for (const _ of new Evaluator(search, Candidates.over(candidates)).run(new Cursor(cursor)));
