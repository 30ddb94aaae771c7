/** The options that only `sweep` has. */

import { InputError } from '../errors.js';
import { exportNames } from '../models/index.js';
import { choice, integer, type OwnOption, text, toggle } from '../options/definitions/definition.js';
import { parseOption } from '../options/option-values.js';
import type { Flags } from '../options/typed.js';
import { type FrontOrder, frontOrders } from './pareto.js';
import { parseQuantity } from './requirements.js';

export const sweepOptions: readonly OwnOption[] = [
  {
    name: 'space',
    syntax: 'NAME|FILE',
    value: text('default'),
    help: 'Lists for what is not typed: a shipped space, or a file (with / or ending in .json).',
  },
  {
    name: 'from',
    syntax: 'WIDTH/DEPTH',
    value: text('256/8'),
    help: 'Where the progressive plan starts, 256/8 by default.',
  },
  { name: 'to', syntax: 'WIDTH/DEPTH', value: text('512/16'), help: 'Where it ends, 512/16 by default.' },
  {
    name: 'global-batch',
    syntax: 'N',
    value: integer(1, 65_536, '32'),
    help: 'Samples per optimizer step in the plan; by default the largest --batch × --accumulate × --gpus.',
  },
  {
    name: 'updates',
    syntax: 'N,N,…',
    value: text('1000,1000,5000'),
    help: 'Optimizer steps of each stage of the plan: every order of growing is then priced, depth first, width first, both.',
  },
  {
    name: 'require',
    syntax: 'EXPR',
    value: text('batch>=4'),
    help: "Only candidates for which this holds, e.g. 'batch>=2 and layers<=12'.",
  },
  {
    name: 'max-params',
    syntax: 'N',
    value: text('20M'),
    help: 'Only models of at most this many parameters, e.g. 20M.',
  },
  {
    name: 'max-step-cost',
    syntax: 'F',
    value: text('1.5'),
    help: 'Only candidates whose FLOPs per sample are at most F times those of MODEL as it ships.',
  },
  {
    name: 'prices',
    syntax: 'FILE',
    value: text('prices.json'),
    help: 'Your prices per hour, {"a100-40gb": 1.29, …}: of several --gpu the cheapest that reaches the goal is searched.',
  },
  {
    name: 'top',
    syntax: 'N',
    value: integer(1, 1_000_000, '10'),
    help: 'How many of the Pareto front are listed, 10 by default.',
  },
  {
    name: 'sort',
    syntax: frontOrders.join('|'),
    value: choice(...frontOrders),
    help: 'The front’s order: every size once before any comes twice (the default), or largest, deepest, cheapest or leanest first.',
  },
  { name: 'all', syntax: '', value: toggle, help: 'List the whole Pareto front.' },
  {
    name: 'workers',
    syntax: 'N',
    value: integer(1, 256, '2'),
    help: 'Threads; by default as many as the work is worth, one per core at most. The answer is the same.',
  },
  {
    name: 'export',
    syntax: 'CODEBASE',
    value: choice(...exportNames()),
    help: `Every stage of the plan in a code base’s own keys: ${exportNames().join(', ')}; into the imported file where there is one.`,
  },
  {
    name: 'output-dir',
    syntax: 'DIR',
    value: text('plan/'),
    help: 'With --export: one directory with a file for each stage, what to type between them, and their numbers.',
  },
  { name: 'partial', syntax: '', value: toggle, help: 'After Ctrl-C print what has been found.' },
];

/** The user's own choices, parsed; the flags that are left are the space's. */
export function parseSweepOptions(flags: Flags) {
  const parsed = <Value>(name: string): Value | undefined => {
    const typed = flags[name];
    return typed === undefined ? undefined : (parseOption(findDefinition(name), typed) as Value);
  };
  const quantity = (name: string): number | undefined => {
    const typed = parsed<string>(name);
    return typed === undefined ? undefined : parseQuantity(typed, `--${name}`);
  };
  const require = parsed<string>('require');
  const maxParameters = quantity('max-params');
  const maxStepCost = quantity('max-step-cost');
  const limited = [require, maxParameters, maxStepCost].some((limit) => limit !== undefined);
  return {
    space: parsed<string>('space'),
    from: parsed<string>('from'),
    to: parsed<string>('to'),
    globalBatch: parsed<number>('global-batch'),
    updates: parsed<string>('updates'),
    limits: limited
      ? {
          ...(require !== undefined && { require }),
          ...(maxParameters !== undefined && { maxParameters }),
          ...(maxStepCost !== undefined && { maxStepCost }),
        }
      : undefined,
    prices: parsed<string>('prices'),
    top: parsed<boolean>('all') ? Number.POSITIVE_INFINITY : parsed<number>('top'),
    order: parsed<FrontOrder>('sort'),
    numWorkers: parsed<number>('workers'),
    exportTo: parsed<string>('export'),
    outputDir: outputDirOf(parsed<string>('output-dir'), flags),
    partial: parsed<boolean>('partial'),
    flags: Object.fromEntries(Object.entries(flags).filter(([name]) => !sweepOptions.some((own) => own.name === name))),
  };
}

function outputDirOf(directory: string | undefined, { export: codeBase }: Flags): string | undefined {
  if (directory === undefined || codeBase !== undefined) return directory;
  throw new InputError('missing-option', '--output-dir: which code base’s files are to be written is not said.', [
    `--export ${exportNames()[0]}`,
  ]);
}

const findDefinition = (name: string): OwnOption => sweepOptions.find((option) => option.name === name)!;
