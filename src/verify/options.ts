/** The options that only `verify` has. */

import { choice, integer, type OwnOption, text, toggle } from '../options/definitions/definition.js';
import { parseOption } from '../options/option-values.js';
import type { Flags } from '../options/typed.js';
import type { BackendChoice } from './backends/index.js';
import { backendChoices } from './backends/index.js';
import { type Installable, installable } from './backends/packages.js';

/** The first step makes the optimizer's state and is not the one that is compared. */
const minimumSteps = 2;

export const verifyOptions: readonly OwnOption[] = [
  {
    name: 'backend',
    syntax: backendChoices.join('|'),
    value: choice(...backendChoices),
    help: 'Who runs the steps: the best that is installed, TensorFlow on a GPU, on the CPU, or pure JavaScript.',
  },
  {
    name: 'steps',
    syntax: 'N',
    value: integer(minimumSteps, 1_000_000, '3'),
    help: 'Training steps to run, 3 by default (--plan: of each stage, once through 64 samples); the last one is compared.',
  },
  {
    name: 'tolerance',
    syntax: 'PERCENT',
    value: text('1%'),
    help: 'How far prediction and measurement may be apart, e.g. 1%, the default.',
  },
  {
    name: 'timeout',
    syntax: 'SECONDS',
    value: integer(1, 1_000_000, '600'),
    help: 'How long one configuration (--plan: a stage, on average) may take, 600 by default.',
  },
  {
    name: 'ladder',
    syntax: '',
    value: toggle,
    help: 'A series of sizes up to this one, and whether memory grows as the estimate claims.',
  },
  {
    name: 'plan',
    syntax: '',
    value: toggle,
    help: 'Trains a progressive plan: grows the model from --from to --to, and sees that its loss goes on falling.',
  },
  {
    name: 'from',
    syntax: 'WIDTH/DEPTH',
    value: text('16/2'),
    help: 'Where the plan starts: 256/8 by default, 16/2 in pure JavaScript.',
  },
  {
    name: 'to',
    syntax: 'WIDTH/DEPTH',
    value: text('32/4'),
    help: 'Where it ends: 512/16 by default, 32/4 in pure JavaScript.',
  },
  {
    name: 'ledger',
    syntax: 'FILE',
    value: text('results.jsonl'),
    help: 'Where to append the result; by default in your data directory.',
  },
  {
    name: 'measured',
    syntax: 'FILE',
    value: text('numbers.json'),
    help: 'Compare with numbers measured elsewhere (JSON or JSONL) instead of running.',
  },
  {
    name: 'python',
    syntax: 'PATH',
    value: text('python3'),
    help: 'The Python that has the code base: JAX for --runtime jax, torch and its package for --runtime pytorch.',
  },
  {
    name: 'install',
    syntax: installable.join('|'),
    value: choice(...installable),
    help: 'Brings a backend into your data directory: TensorFlow.js in pure JavaScript, or tfjs-node-gpu and libtensorflow.',
  },
  {
    name: 'doctor',
    syntax: '',
    value: toggle,
    help: 'What is installed, why something is not, and which GPU was found.',
  },
];

export interface VerifyOptions {
  readonly backend: BackendChoice;
  readonly numSteps: number;
  readonly tolerancePercent: number;
  readonly timeoutMs: number;
  readonly install?: Installable;
  readonly ledger?: string;
  readonly measured?: string;
  readonly python?: string;
}

const tolerance: OwnOption = {
  name: 'tolerance',
  syntax: 'PERCENT',
  help: '',
  value: { kind: 'decimal', range: { minimum: 0, maximum: 100, example: '1%' } },
};

export function parseVerifyOptions(flags: Flags): VerifyOptions {
  const parsed = <Value>(name: string, otherwise: Value): Value => {
    const typed = flags[name];
    const definition = verifyOptions.find((option) => option.name === name)!;
    return typed === undefined ? otherwise : (parseOption(definition, typed) as Value);
  };
  const percent = parsed('tolerance', '1%').replace(/\s*%$/, '');
  const files = Object.fromEntries(
    ['ledger', 'measured', 'python'].flatMap((name) => {
      const file = parsed<string | undefined>(name, undefined);
      return file === undefined ? [] : [[name, file]];
    }),
  );
  return {
    backend: parsed<BackendChoice>('backend', 'auto'),
    numSteps: parsed('steps', 3),
    tolerancePercent: parseOption(tolerance, percent) as number,
    timeoutMs: 1000 * parsed('timeout', 600),
    ...(flags.install !== undefined && { install: parsed<Installable>('install', 'js') }),
    ...files,
  };
}

/** The flags that make the configuration. */
export const configurationFlagsOf = (flags: Flags): Flags =>
  Object.fromEntries(Object.entries(flags).filter(([name]) => !verifyOptions.some((option) => option.name === name)));
