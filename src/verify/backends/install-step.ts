/** One program that an installation runs: it ends with us, and what it said last is the reason where it fails. */
import { spawn } from 'node:child_process';
import { InputError } from '../../errors.js';
import { endOf } from '../process.js';

export interface Run {
  readonly signal?: AbortSignal | undefined;
  /** What is done now, for a person who waits. */
  readonly tell: (what: string) => void;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A gigabyte over a slow line. */
const timeoutMs = 30 * 60_000;
const kept = { stderr: { maximumBytes: 20_000, end: 'last' } } as const;
const isGroup = process.platform !== 'win32';

/** @throws InputError where the program is missing, fails or takes longer than half an hour */
export async function runStep(
  command: string,
  args: readonly string[],
  { signal, tell, cwd, env }: Run,
): Promise<void> {
  signal?.throwIfAborted();
  tell([command, ...args].map((word) => word.split('/').at(-1)).join(' '));
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: isGroup,
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
  });
  const end = await endOf(child, { timeoutMs, signal, isGroup, kept }).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall?.startsWith('spawn')) throw failed(command, `it cannot be run (${error.code})`);
    throw error;
  });
  if (end.code === 0) return;
  const said = end.stderr.trim().split('\n').slice(-3).join(' · ');
  throw failed(
    command,
    end.timedOut ? 'it did not end within half an hour' : said || `exit code ${end.code ?? end.by}`,
  );
}

const failed = (command: string, reason: string): InputError =>
  new InputError('install-failed', `${command.split('/').at(-1)}: ${reason}.`, [
    'gc-plan verify --doctor   says what is there',
    'docs/verify.md   says what each backend needs',
  ]);
