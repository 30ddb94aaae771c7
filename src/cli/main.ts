/** The process around `runCli`: its streams, its signals, its exit code. */
import { fstatSync } from 'node:fs';
import { writeAll } from '../services/write.js';
import { exitCodes } from './failure.js';
import type { Sink } from './io.js';
import { runCli } from './run.js';

/** Workers and children have this long to end after Ctrl-C before the process does; an answer of what is there takes longer. */
const graceMs = process.argv.includes('--partial') ? 10_000 : 150;
/** Ctrl-C, a scheduler's or a system's request to end, a terminal that closes: children end with us. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export async function main(): Promise<void> {
  const interruption = new AbortController();
  let isServing = false;
  const onInterrupt = () => {
    interruption.abort();
    setTimeout(() => process.exit(isServing ? exitCodes.yes : exitCodes.interrupted), graceMs).unref();
  };
  const untilInterrupted = async () => {
    isServing = true;
    await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve, { once: true }));
  };
  for (const signal of endingSignals) process.on(signal, onInterrupt);
  let isLost = false;
  const { stdout, stderr, env } = process;
  const lose = (error: Error) => {
    if (isLost) return;
    isLost = true;
    errors.write(`gc-plan: stdout cannot be written: ${error.message.split(',')[0]}\n`);
  };
  // Where stderr is lost, nobody is left to tell.
  const errors = sinkOf(stderr, () => {});
  const io = { stdout: sinkOf(stdout, lose), stderr: errors, env, signal: interruption.signal, untilInterrupted };
  const exit = await runCli(process.argv.slice(2), io);
  // An answer that did not arrive is neither a yes nor a no.
  const isInterrupted = interruption.signal.aborted && !isServing;
  process.exitCode = isInterrupted ? exitCodes.interrupted : isLost ? exitCodes.input : exit;
  for (const signal of endingSignals) process.off(signal, onInterrupt);
}

/**
 * Node writes a file by one call, and what a disk that fills up did not take of it would be missing without a word. Terminals and pipes
 * take all in the end; the reader of a pipe may leave early (`| head`), and that is no failure.
 */
function sinkOf(stream: NodeJS.WriteStream & { readonly fd: number }, lose: (error: Error) => void): Sink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lose(error);
  });
  if (stream.isTTY || !isFileOrDevice(stream.fd)) return stream;
  return {
    write(text) {
      try {
        writeAll(stream.fd, Buffer.from(text));
      } catch (error) {
        lose(error as Error);
      }
    },
  };
}

function isFileOrDevice(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() || stats.isCharacterDevice();
  } catch {
    return false;
  }
}
