/** The user's own Python runs one of our scripts: bounded in time and output, and ended with us, together with what it has started. */
import { spawn } from 'node:child_process';
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import { endOf, type ProcessEnd, type Watch } from './process.js';

export interface PythonOptions {
  readonly python: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Script {
  /** Its file, then its arguments. */
  readonly args: readonly string[];
  /** On its standard input; absent: it has none. */
  readonly input?: string;
  /** Standard output is thrown away where it is not kept. */
  readonly kept: Watch['kept'];
  /** What to type where there is no such Python. */
  readonly nextStep: string;
}

/** XLA and C++ extensions compile in processes that Python starts. */
const isGroup = process.platform !== 'win32';

/** @throws InputError where `python` cannot be started */
export async function runPython(
  { args, input, kept, nextStep }: Script,
  { python, timeoutMs, signal }: PythonOptions,
): Promise<ProcessEnd> {
  signal?.throwIfAborted();
  try {
    const child = spawn(python, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', kept.stdout === undefined ? 'ignore' : 'pipe', 'pipe'],
      detached: isGroup,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    // Python that ends before it reads is reported by its end.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    return await endOf(child, { timeoutMs, signal, isGroup, kept });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (!syscall?.startsWith('spawn') && code !== 'ERR_INVALID_ARG_VALUE') throw error;
    throw new InputError(
      'python-missing',
      code === 'ENOENT' ? `There is no ${shown(python)}.` : `${shown(python)} cannot be run (${code}).`,
      [nextStep],
    );
  }
}
