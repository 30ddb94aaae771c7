/** How a child ends: by itself, at its time limit, when we are interrupted, or with us; what it wrote is bounded. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface Watch {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The child leads a group (`detached`): its own children end with it. */
  readonly isGroup: boolean;
  readonly kept: { readonly stdout?: Kept; readonly stderr: Kept };
}

interface Kept {
  readonly maximumBytes: number;
  /** A crash says why before its stack; an answer comes last. */
  readonly end: 'first' | 'last';
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly by: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the child itself wrote is read by then; a process that it left behind may keep its pipes open for ever. */
const drainMs = 500;
/** A process that waits inside a driver does not end when it is killed; nobody waits for it any longer than this. */
const endlessMs = 5_000;

/** Rejects where the child did not start (Node's error, with its `code`), and after an interruption (`AbortError`). */
export async function endOf(child: ChildProcess, { timeoutMs, signal, isGroup, kept }: Watch): Promise<ProcessEnd> {
  let timedOut = false;
  const { closed, waitNoLonger } = closing(child);
  const kill = () => {
    killChild(child, isGroup);
    waitNoLonger();
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal?.addEventListener('abort', kill, { once: true });
  process.once('exit', kill);
  const stdout = keep(child.stdout, kept.stdout);
  const stderr = keep(child.stderr, kept.stderr);
  try {
    const end = await closed;
    signal?.throwIfAborted();
    return { ...end, timedOut, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    process.off('exit', kill);
    killChild(child, isGroup);
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
    child.channel?.unref();
  }
}

type Ending = Pick<ProcessEnd, 'code' | 'by'>;

function closing(child: ChildProcess) {
  let waitNoLonger = () => {};
  const closed = new Promise<Ending>((resolve, reject) => {
    const resolveAfter = (ms: number, end: Ending) => setTimeout(resolve, ms, end).unref();
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code, by }));
    child.once('exit', (code, by) => resolveAfter(drainMs, { code, by }));
    waitNoLonger = () => resolveAfter(endlessMs, { code: null, by: 'SIGKILL' });
  });
  return { closed, waitNoLonger };
}

function killChild(child: ChildProcess, isGroup: boolean): void {
  if (child.pid === undefined) return;
  try {
    if (isGroup) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It has ended already, and so has its group.
  }
}

function keep(stream: Readable | null, kept: Kept | undefined): () => string {
  const chunks: Buffer[] = [];
  let numBytes = 0;
  if (kept === undefined) return () => '';
  const { maximumBytes, end } = kept;
  stream?.on('data', (chunk: Buffer) => {
    if (end === 'first' && numBytes >= maximumBytes) return;
    chunks.push(chunk);
    numBytes += chunk.length;
    while (end === 'last' && numBytes - chunks[0]!.length >= maximumBytes) numBytes -= chunks.shift()!.length;
  });
  return () => {
    const bytes = Buffer.concat(chunks);
    return (end === 'first' ? bytes.subarray(0, maximumBytes) : bytes.subarray(-maximumBytes)).toString('utf8');
  };
}

/** What went wrong, above the last that the process wrote to stderr, if it wrote anything. */
export function withStderr(what: string, { stderr }: ProcessEnd): string {
  const said = stderr.slice(-shownStderrLength).trimEnd();
  return said === '' ? what : `${what}:\n${said}`;
}

const shownStderrLength = 2_000;

/** What a process printed, if that is JSON. */
export function jsonOf(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
