/** Runs a configuration's steps in a process of their own: memory that runs out and a step that hangs are answers too. */
import { InputError } from '../errors.js';
import { type ChildOptions, type Ended, runChild } from './child.js';
import type { Job, Measurement } from './protocol.js';

export type Outcome =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'oom'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly reason: string }
  /** Ended by a signal that no limit of ours sent: a fault of a native library, or another program's doing. */
  | { readonly kind: 'crashed'; readonly reason: string };

export async function measure(job: Omit<Job, 'kind'>, options: ChildOptions): Promise<Outcome> {
  const ended = await runChild({ kind: 'steps', ...job }, options);
  const { answer, timedOut } = ended;
  if (answer?.kind === 'measured') return answer;
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

function withoutAnswer({ code, by, stderr }: Ended): Outcome {
  if (by === 'SIGKILL')
    return { kind: 'oom', reason: 'the process was killed (SIGKILL), as a system does that has run out of memory' };
  const reason = stderr.split('\n').find((line) => outOfMemory.test(line));
  if (reason !== undefined) return { kind: 'oom', reason: reason.trim() };
  if (by !== null) return { kind: 'crashed', reason: `the process was ended by ${by}` };
  throw new Error(`the measuring process ended with exit code ${code}\n${stderr}`);
}
