/** Three kinds of failure end a run without a report: the user's input, an interruption, our bug. */
import { printable } from '../config/printable.js';
import { InputError } from '../errors.js';
import type { ErrorReport } from '../reports/error/schema.js';
import { jsonText } from '../reports/formats.js';
import { tool } from '../version.js';
import type { Io } from './io.js';

export const exitCodes = { yes: 0, no: 1, input: 2, bug: 70, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

interface Failure {
  readonly exit: ExitCode;
  readonly report: ErrorReport;
}

/** What is said of a failure, whoever asks: the command line, or a session. */
export function classify(error: unknown): Failure {
  const failure = (exit: ExitCode, code: string, message: string, nextSteps: readonly string[]): Failure => ({
    exit,
    report: { schema: 'gc-plan/error@1', code, message, nextSteps },
  });
  if (error instanceof InputError) return failure(exitCodes.input, error.code, error.message, error.nextSteps);
  // What `signal.throwIfAborted()` throws.
  if (error instanceof Error && error.name === 'AbortError')
    return failure(exitCodes.interrupted, 'interrupted', 'interrupted', []);
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return failure(exitCodes.bug, 'internal-error', `This is a bug in gc-plan ${tool().version}: ${what}`, [
    'run it again with GC_PLAN_DEBUG=1 to see where',
    'report it, with the command line that you typed',
  ]);
}

/** Under `--json` the error is the one document on stdout; otherwise it is for a person, on stderr. */
export function reportFailure(error: unknown, io: Io, json: boolean): ExitCode {
  const { exit, report } = classify(error);
  if (json) io.stdout.write(`${jsonText(report)}\n`);
  else {
    const lines = [`gc-plan: ${report.message}`, ...report.nextSteps.map((step) => `  → ${step}`), ''];
    io.stderr.write(printable(lines.join('\n')));
  }
  if (exit === exitCodes.bug && io.env.GC_PLAN_DEBUG && error instanceof Error)
    io.stderr.write(printable(`${error.stack}\n`));
  return exit;
}
