/** One run of the command line in this process, with buffers for streams. */
import type { Io } from '../../src/cli/io.js';
import { runCli } from '../../src/cli/run.js';

export interface Run {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly columns?: number;
  readonly isTTY?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Streams that remember what was written. */
export function buffers({ columns, isTTY, env = {} }: Surroundings = {}) {
  const written = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof written) => ({
    columns,
    isTTY,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const io: Io = { stdout: sink('stdout'), stderr: sink('stderr'), env, signal: new AbortController().signal };
  return { io, written };
}

export async function invoke(argv: readonly string[], surroundings?: Surroundings): Promise<Run> {
  const { io, written } = buffers(surroundings);
  const exit = await runCli(argv, io);
  return { exit, ...written };
}
