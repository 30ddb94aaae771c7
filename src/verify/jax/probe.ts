/** What XLA itself would reserve: the user's Python compiles the step ahead of time for the card, without a GPU. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config, Device } from '../../config/types.js';
import { InputError } from '../../errors.js';

export interface JaxMeasurement {
  readonly version: string;
  readonly device: string;
  readonly argumentBytes: number;
  readonly outputBytes: number;
  readonly aliasBytes: number;
  readonly temporaryBytes: number;
  /** Arguments + outputs − aliased + temporaries: what `memory.peakLiveBytes` predicts. */
  readonly peakLiveBytes: number;
}

export interface ProbeOptions {
  readonly python: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** `Compiled.memory_analysis()`'s fields, as probe.py prints them. */
type Analysis = Omit<JaxMeasurement, 'peakLiveBytes'>;
type Answer = Analysis | { readonly missing: readonly string[] } | { readonly unsupported: string };

const probeFile = fileURLToPath(new URL('./probe.py', import.meta.url));
/** The last commit that has the graphcast package; the repository has been renamed and rearranged since. */
const graphcastSource = 'graphcast @ git+https://github.com/google-deepmind/graphcast@08cf736';
const keptStderrLength = 2_000;

/** Throws `InputError` where Python or a package is missing, or the step is not one that the probe compiles. */
export async function runJaxProbe(
  config: Config & { readonly device: Device },
  options: ProbeOptions,
): Promise<JaxMeasurement> {
  const { model, recipe, device } = config;
  const { stdout, stderr, timedOut } = await runPython(JSON.stringify({ model, recipe, device }), options);
  if (timedOut) {
    throw new InputError('probe-timeout', `Compiling took more than ${options.timeoutMs / 1000} s.`, [
      'gc-plan verify --runtime jax --timeout 3600',
    ]);
  }
  return measurementOf(parse(stdout, stderr), options.python);
}

export function measurementOf(answer: Answer, python: string): JaxMeasurement {
  if ('missing' in answer) {
    const wanted = answer.missing.map((name) => (name === 'graphcast' ? graphcastSource : name));
    throw new InputError('python-packages-missing', `${python} has no ${answer.missing.join(', ')}.`, [
      `${python} -m pip install ${wanted.map((name) => `"${name}"`).join(' ')}`,
      'gc-plan verify --runtime jax --python PATH, if another Python has them',
    ]);
  }
  if ('unsupported' in answer) {
    throw new InputError('not-compiled', `The JAX probe does not compile ${answer.unsupported}.`, [
      'gc-plan verify --runtime jax --measured FILE, with numbers from your own run',
    ]);
  }
  const { argumentBytes, outputBytes, aliasBytes, temporaryBytes } = answer;
  return { ...answer, peakLiveBytes: argumentBytes + outputBytes - aliasBytes + temporaryBytes };
}

/** JAX writes warnings before and after; the answer is the last line that is JSON. */
function parse(stdout: string, stderr: string): Answer {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) {
    throw new InputError('probe-failed', `The JAX probe ended without an answer:\n${stderr.slice(-keptStderrLength)}`, [
      'gc-plan verify --runtime jax --measured FILE, with numbers from your own run',
    ]);
  }
  return JSON.parse(line) as Answer;
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

function runPython(input: string, { python, timeoutMs, signal }: ProbeOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [probeFile], { stdio: 'pipe', signal });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr = `${stderr}${text}`.slice(-2 * keptStderrLength);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (error.code !== 'ENOENT') reject(error);
      else
        reject(
          new InputError('python-missing', `There is no ${python}.`, ['gc-plan verify --runtime jax --python PATH']),
        );
    });
    child.once('close', () => {
      clearTimeout(timer);
      resolve({ stdout, stderr, timedOut });
    });
    // Python that ends before it reads is reported by its end.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
