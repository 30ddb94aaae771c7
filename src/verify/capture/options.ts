/** The options that only `capture` has, and the one with which other commands take what it wrote. */
import { shown } from '../../config/nearest.js';
import { withRegularFile } from '../../config/read-file.js';
import { InputError } from '../../errors.js';
import { integer, type OwnOption, text } from '../../options/definitions/definition.js';
import { parseOption } from '../../options/option-values.js';
import type { Flags } from '../../options/typed.js';

const python: OwnOption = {
  name: 'python',
  syntax: 'PATH',
  value: text('python3'),
  help: 'The Python that has torch and your code, python3 by default.',
};

const trace: OwnOption = {
  name: 'trace',
  syntax: 'FILE',
  value: text('step.trace.gz'),
  help: 'Where to write the trace, FUNCTION.trace.gz by default.',
};

const timeout: OwnOption = {
  name: 'timeout',
  syntax: 'SECONDS',
  value: integer(1, 1_000_000, '600'),
  help: 'How long it may take, 600 by default.',
};

export const captureOptions = [python, trace, timeout];

export interface CaptureTarget {
  readonly file: string;
  readonly functionName: string;
  readonly python: string;
  readonly traceFile: string;
  readonly timeoutMs: number;
}

const example = 'gc-plan capture --python ~/venv/bin/python train.py:make_step';

/** @throws InputError where the step is not FILE.py:FUNCTION, or an option is wrong. */
export function parseCapture(step: string | undefined, flags: Flags): CaptureTarget {
  if (step === undefined)
    throw new InputError('missing-argument', 'capture needs to know which step: FILE.py:FUNCTION.', [example]);
  const [, file, functionName] = /^(.+):([\p{L}_][\p{L}\p{N}_]*)$/u.exec(step) ?? [];
  if (file === undefined || functionName === undefined)
    throw new InputError('invalid-step', `${shown(step)}: must be FILE.py:FUNCTION.`, [example]);
  withRegularFile(file, () => {});
  const typed = <Value>(option: OwnOption, otherwise: Value): Value => {
    const value = flags[option.name];
    return value === undefined ? otherwise : (parseOption(option, value) as Value);
  };
  return {
    file,
    functionName,
    python: typed(python, 'python3'),
    traceFile: typed(trace, `${functionName}.trace.gz`),
    timeoutMs: 1000 * typed(timeout, 600),
  };
}
