/** Runs a configuration's steps in a process of their own: memory that runs out and a step that hangs are answers too. */
import { InputError } from '../errors.js';
import { type ChildOptions, type Ended, runChild } from './child.js';
import type { Job, Measurement } from './protocol.js';

export type Outcome =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'oom'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly reason: string };

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

function withoutAnswer({ code, by, stderr }: Ended): Outcome {
  if (by === 'SIGKILL')
    return { kind: 'oom', reason: 'the process was killed (SIGKILL), as a system does that has run out of memory' };
  if (by === 'SIGABRT' || /out of memory|bad_alloc/i.test(stderr))
    return { kind: 'oom', reason: stderr.trim().split('\n').at(-1) || 'the process aborted' };
  throw new Error(`the measuring process ended with ${by ?? `exit code ${code}`}\n${stderr}`);
}
