/** Flags and arguments as a command states them: read by the parser, by completion and by oclif's help. Made from the option table. */
import { type OwnOption, text, toggle } from '../options/definitions/definition.js';
import { allOptions, sharedOptions } from '../options/definitions/shared.js';

/** In the shape that oclif's help formats. Every value stays text: the configuration parses it, so that the messages are ours. */
export interface Flag {
  readonly type: 'boolean' | 'option';
  readonly description: string;
  readonly helpGroup: string;
  readonly helpValue?: string;
  /** A switch that `--no-NAME` turns off. */
  readonly allowNo?: boolean;
}

export type Flags = Readonly<Record<string, Flag>>;
/** What stands without a flag, in this order; each may be left out. */
export type Arguments = Readonly<Record<string, { readonly description: string }>>;

/** A longer list of values would leave the explanation no room beside it. */
const widestHelpValue = 20;
/** Stands for such a list, which then ends the explanation in parentheses. */
export const longForm = 'NAME';

function flagOf({ value, syntax, help, group = 'command' }: OwnOption): Flag {
  const helpGroup = group.toUpperCase();
  if (value.kind === 'switch')
    return { type: 'boolean', description: help, helpGroup, allowNo: value.negatable === true };
  if (syntax.length <= widestHelpValue) return { type: 'option', description: help, helpGroup, helpValue: syntax };
  const description = `${help} (${syntax.replaceAll('|', ' | ')})`;
  return { type: 'option', description, helpGroup, helpValue: longForm };
}

export const flagsOf = (options: readonly OwnOption[]): Flags =>
  Object.fromEntries(options.map((option) => [option.name, flagOf(option)]));

/** How to print: `--json --output --format`, obeyed by the base command. */
export const printFlags = flagsOf(sharedOptions.filter(({ group }) => group === 'report'));

/** Of commands whose first screen is not all. */
export const detailsFlag = flagsOf([
  {
    name: 'details',
    syntax: '',
    help: 'Everything that is known, not the first screen alone.',
    value: toggle,
    group: 'report',
  },
]);

export const configurationFlags = flagsOf(allOptions());

/** In place of a model, where a step that was recorded will do. */
export const traceFlag = flagsOf([
  {
    name: 'trace',
    syntax: 'FILE',
    help: 'Instead of MODEL: a step of your own that gc-plan capture recorded.',
    value: text('step.trace.gz'),
    group: 'model',
  },
]);

export const modelArgument: Arguments = {
  model: {
    description: 'a model’s name, or a file: a profile of yours, or a configuration of another code base (as --import)',
  },
};
