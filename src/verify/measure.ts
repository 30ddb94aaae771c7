/** Runs a configuration's steps in a process of their own: memory that runs out and a step that hangs are answers too. */
import { InputError } from '../errors.js';
import { type ChildOptions, type Ended, runChild } from './child.js';
import type { FromWorker, Job, Measurement, StagesJob } from './protocol.js';

type Measured = { readonly kind: 'measured'; readonly measurement: Measurement };
type Trained = Extract<FromWorker, { kind: 'trained' }>;

export type Outcome = Measured | Failed;
export type StagesOutcome = Trained | Failed;

/** The run did not reach its end. */
type Failed =
  | { readonly kind: 'oom'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly reason: string }
  /** Ended by a signal that no limit of ours sent: a fault of a native library, or another program's doing. */
  | { readonly kind: 'crashed'; readonly reason: string };

export async function measure(job: Omit<Job, 'kind'>, options: ChildOptions): Promise<Outcome> {
  const ended = await runChild({ kind: 'steps', ...job }, options);
  return ended.answer?.kind === 'measured' ? ended.answer : failed(ended, options);
}

export async function measureStages(job: Omit<StagesJob, 'kind'>, options: ChildOptions): Promise<StagesOutcome> {
  const ended = await runChild({ kind: 'stages', ...job }, options);
  return ended.answer?.kind === 'trained' ? ended.answer : failed(ended, options);
}

function failed(ended: Ended, options: ChildOptions): Failed {
  const { answer, timedOut } = ended;
  if (timedOut) return { kind: 'timeout', reason: `the steps did not end within ${options.timeoutMs / 1000} s` };
  switch (answer?.kind) {
    case 'input-error':
      throw new InputError(answer.code, answer.message, answer.nextSteps);
    case 'out-of-memory':
      return { kind: 'oom', reason: answer.message };
    case 'bug':
      throw new Error(answer.message);
    default:
      return withoutAnswer(ended);
  }
}

/** V8's last words (its heap, its compiler) and those of C++, where an allocation fails outside JavaScript. */
const outOfMemory = /out of memory|process OOM|bad_alloc|Cannot allocate memory/i;

function withoutAnswer({ code, by, stderr }: Ended): Failed {
  if (by === 'SIGKILL')
    return { kind: 'oom', reason: 'the process was killed (SIGKILL), as a system does that has run out of memory' };
  const reason = stderr.split('\n').find((line) => outOfMemory.test(line));
  if (reason !== undefined) return { kind: 'oom', reason: reason.trim() };
  if (by !== null) return { kind: 'crashed', reason: `the process was ended by ${by}` };
  throw new Error(`the measuring process ended with exit code ${code}\n${stderr}`);
}
