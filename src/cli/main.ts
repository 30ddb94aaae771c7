/** The process around `runCli`: its streams, its signals, its exit code. */
import { exitCodes } from './failure.js';
import { runCli } from './run.js';

/** Workers and children have this long to end after Ctrl-C before the process does. */
const graceMs = 150;

export async function main(): Promise<void> {
  const interruption = new AbortController();
  const onInterrupt = () => {
    interruption.abort();
    setTimeout(() => process.exit(exitCodes.interrupted), graceMs).unref();
  };
  process.on('SIGINT', onInterrupt);
  // The reader of a pipe may leave early (`| head`): what is left to say has no listener, and that is no failure.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  const { stdout, stderr, env } = process;
  const exit = await runCli(process.argv.slice(2), { stdout, stderr, env, signal: interruption.signal });
  process.exitCode = interruption.signal.aborted ? exitCodes.interrupted : exit;
  process.off('SIGINT', onInterrupt);
}
