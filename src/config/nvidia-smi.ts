/** What nvidia-smi says of this machine. In a browser `nvidia-smi.browser.ts` stands in its place. */
import { InputError } from '../errors.js';

const smiArguments = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
const smiTimeoutMs = 5_000;
const smiMostBytes = 64 * 1024;

/** One line for each card: `NVIDIA A100-SXM4-40GB, 40960`. `instead`: what to type where there is none. @throws InputError */
export function smiAnswer(instead: readonly string[]): string {
  // Loaded here: it costs a start 5 ms.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, error } = spawnSync('nvidia-smi', smiArguments, {
    encoding: 'utf8',
    timeout: smiTimeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: smiMostBytes,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (error === undefined && status === 0) return stdout;
  const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT';
  const why = isMissing ? 'nvidia-smi is not installed here' : 'nvidia-smi finds no GPU on this machine';
  throw new InputError('no-gpu', `${why}: say which card to plan for.`, instead);
}
