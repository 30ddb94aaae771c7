/** The options that only `capture` has, and the one with which other commands take what it wrote. */
import { runtimeNames } from '../../config/choices.js';
import { deviceOf } from '../../config/device.js';
import { maximumCount } from '../../config/limits.js';
import { shown } from '../../config/nearest.js';
import { given } from '../../config/profiles.js';
import { withRegularFile } from '../../config/read-file.js';
import type { Device, RuntimeName } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { choice, integer, type OwnOption, text } from '../../options/definitions/definition.js';
import { parseOption } from '../../options/option-values.js';
import type { Flags } from '../../options/typed.js';
import { labelOf, runtimeTraits } from '../../runtimes/traits.js';
import type { StepChanges } from './run.js';

const recording = runtimeNames.filter((name) => runtimeTraits[name].recordedBy !== undefined);

const runtime: OwnOption = {
  name: 'runtime',
  syntax: recording.join('|'),
  value: choice(...recording),
  help: 'Whose step it is, pytorch by default. jax: the function returns (step, arguments), and is compiled for --gpu.',
};

const gpu: OwnOption = {
  name: 'gpu',
  syntax: 'NAME',
  value: text('h100-80gb'),
  help: 'With --runtime jax: the card to compile for, by the name of a profile.',
};

const python: OwnOption = {
  name: 'python',
  syntax: 'PATH',
  value: text('python3'),
  help: 'The Python that has torch, or jax, and your code; python3 by default.',
};

const trace: OwnOption = {
  name: 'trace',
  syntax: 'FILE',
  value: text('step.trace.gz'),
  help: 'Where to write the trace, FUNCTION.trace.gz by default.',
};

const checkpoint: OwnOption = {
  name: 'checkpoint',
  syntax: 'MODULES',
  value: text('processor.*'),
  help: 'Recompute these modules in the backward pass: paths as named_modules has them, * for one part, several joined by +.',
};

const batch: OwnOption = {
  name: 'batch',
  syntax: 'N',
  value: integer(1, maximumCount, '2'),
  help: 'Another batch: for a function with a parameter named batch, or one that returns (model, optimizer, batch, loss).',
};

const autocast: OwnOption = {
  name: 'autocast',
  syntax: 'bf16|fp16|off',
  value: choice('bf16', 'fp16', 'off'),
  help: 'Autocast around the outermost module, or none in it.',
};

const rehearsal: OwnOption = {
  name: 'rehearsal',
  syntax: '',
  value: { kind: 'switch', negatable: true },
  help: 'A small step runs once on the CPU too, where kernels refuse what fake tensors let pass; --no-rehearsal leaves it out.',
};

const device: OwnOption = {
  name: 'device',
  syntax: 'none|cuda',
  value: choice('none', 'cuda'),
  help: 'cuda: runs the step on the card that is there, and writes what PyTorch and the driver count, for verify --measured.',
};

const measured: OwnOption = {
  name: 'measured',
  syntax: 'FILE',
  value: text('numbers.jsonl'),
  help: 'With --device cuda: where to write the numbers, FUNCTION.measured.jsonl by default.',
};

const timeout: OwnOption = {
  name: 'timeout',
  syntax: 'SECONDS',
  value: integer(1, 1_000_000, '600'),
  help: 'How long it may take, 600 by default.',
};

export const captureOptions = [
  runtime,
  gpu,
  python,
  trace,
  checkpoint,
  batch,
  autocast,
  rehearsal,
  device,
  measured,
  timeout,
];

export interface CaptureTarget {
  readonly file: string;
  readonly functionName: string;
  readonly python: string;
  readonly traceFile: string;
  readonly timeoutMs: number;
  readonly changes: StepChanges;
  readonly runtime: RuntimeName;
  /** What a step is compiled for. */
  readonly card?: Device;
  /** A file for the numbers of a real card, where the step is to run on one. */
  readonly measuredFile?: string;
}

/** What a step that is compiled is not asked: how it would run otherwise. */
const ofRunning = [checkpoint, autocast, rehearsal, device, measured];
const ofCompiling = [gpu];

/** @throws InputError where an option belongs to the other way of recording */
function checkRuntime(flags: Flags, name: RuntimeName): void {
  const isCompiled = runtimeTraits[name].recordedBy === 'compiling';
  const wrong = (isCompiled ? ofRunning : ofCompiling).find((option) => flags[option.name] !== undefined);
  if (wrong === undefined) return;
  throw new InputError(
    'not-in-runtime',
    `--${wrong.name}: a step of ${labelOf(name)} is ${isCompiled ? 'compiled, not run' : 'recorded for every card at once'}.`,
    isCompiled ? ['change the function, and capture it again'] : ['gc-plan estimate --trace FILE --gpu NAME'],
  );
}

function cardOf(name: string | undefined, step: string): Device {
  if (name !== undefined) return deviceOf(name);
  throw new InputError('missing-card', 'capture needs to know the card that XLA is to compile for.', [
    `gc-plan capture --runtime jax ${quotedStep(step)} --gpu h100-80gb`,
  ]);
}

const quotedStep = (step: string): string => (/^[\w./:-]+$/.test(step) ? step : JSON.stringify(step));

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
  const name = typed<RuntimeName>(runtime, 'pytorch');
  checkRuntime(flags, name);
  const isCompiled = runtimeTraits[name].recordedBy === 'compiling';
  return {
    file,
    functionName,
    runtime: name,
    ...(isCompiled && { card: cardOf(typed<string | undefined>(gpu, undefined), step) }),
    python: typed(python, 'python3'),
    traceFile: typed(trace, `${functionName}.trace.gz`),
    timeoutMs: 1000 * typed(timeout, 600),
    changes: {
      ...given({
        checkpoint: typed<string | undefined>(checkpoint, undefined)?.split('+'),
        batch: typed<number | undefined>(batch, undefined),
        autocast: typed<StepChanges['autocast']>(autocast, undefined),
        device: typed<StepChanges['device']>(device, 'none'),
      }),
      rehearsal: typed(rehearsal, true),
    },
    ...(typed<StepChanges['device']>(device, 'none') === 'cuda' && {
      measuredFile: typed(measured, `${functionName}.measured.jsonl`),
    }),
  };
}
