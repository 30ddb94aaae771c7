/** What XLA itself would reserve: the user's Python compiles the step ahead of time for the card, without a GPU. */
import { assetFile } from '../../config/assets.js';
import { shown } from '../../config/nearest.js';
import type { Config, Device } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { MiB } from '../../units.js';
import { type ProcessEnd, withStderr } from '../process.js';
import { type PythonOptions, runPython } from '../python.js';

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

/** `Compiled.memory_analysis()`'s fields, as probe.py prints them. */
type Analysis = Omit<JaxMeasurement, 'peakLiveBytes'>;
/** `missing`: what pip takes, a name or `name @ where`. */
type Answer = Analysis | { readonly missing: readonly string[] } | { readonly unsupported: string };

const probeFile = assetFile('verify/jax/probe.py');
const kept = { stdout: { maximumBytes: MiB, end: 'last' }, stderr: { maximumBytes: 16_384, end: 'last' } } as const;

/** Throws `InputError` where Python or a package is missing, or the step is not one that the probe compiles. */
export async function runJaxProbe(
  config: Config & { readonly device: Device },
  options: PythonOptions,
): Promise<JaxMeasurement> {
  const { model, recipe, device } = config;
  const end = await runPython(
    {
      args: [probeFile, String(process.pid)],
      input: JSON.stringify({ model, recipe, device }),
      kept,
      nextStep: 'gc-plan verify --runtime jax --python PATH',
    },
    options,
  );
  if (end.timedOut) {
    throw new InputError('probe-timeout', `Compiling took more than ${options.timeoutMs / 1000} s.`, [
      'gc-plan verify --runtime jax --timeout 3600',
    ]);
  }
  return measurementOf(parse(end), options.python);
}

export function measurementOf(answer: Answer, python: string): JaxMeasurement {
  if ('missing' in answer) {
    const names = answer.missing.map((requirement) => requirement.split(' @ ')[0]);
    throw new InputError('python-packages-missing', `${python} has no ${names.join(', ')}.`, [
      `${python} -m pip install ${answer.missing.map((requirement) => `"${requirement}"`).join(' ')}`,
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

const failed = (what: string, end: ProcessEnd): InputError =>
  new InputError('probe-failed', withStderr(`The JAX probe ${what}`, end), [
    'gc-plan verify --runtime jax --measured FILE, with numbers from your own run',
  ]);

/** JAX writes warnings before and after; the answer is the last line that is a JSON object. */
function parse(end: ProcessEnd): Answer {
  const lines = end.stdout.split('\n').filter((text) => text.startsWith('{'));
  const line = lines.at(-1);
  if (line === undefined)
    throw failed(end.by === null ? 'ended without an answer' : `was ended by ${end.by}${killed(end.by)}`, end);
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    // Reported below.
  }
  if (isAnswer(answer)) return answer;
  throw failed(`gave an answer that is none, ${shown(line)}`, end);
}

const killed = (by: NodeJS.Signals) => (by === 'SIGKILL' ? ', as a system does that has run out of memory' : '');

const isText = (value: unknown): value is string => typeof value === 'string';

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  const said = value as Readonly<Record<string, unknown>>;
  if ('missing' in said) return Array.isArray(said.missing) && said.missing.length > 0 && said.missing.every(isText);
  if ('unsupported' in said) return isText(said.unsupported);
  const bytes = [said.argumentBytes, said.outputBytes, said.temporaryBytes, said.aliasBytes];
  if (!bytes.every((each): each is number => Number.isSafeInteger(each) && (each as number) >= 0)) return false;
  const [argument, output, temporary, alias] = bytes as [number, number, number, number];
  return isText(said.version) && isText(said.device) && argument + output + temporary > alias;
}
