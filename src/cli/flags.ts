/** oclif's flags from the option table. Every value stays text: the configuration parses it, so that the messages are ours. */
import { type OwnOption, text, toggle } from '../options/definitions/definition.js';
import { allOptions, sharedOptions } from '../options/definitions/shared.js';
import { type ArgInput, type FlagInput, switchFlag, textArgument, textFlag } from './oclif.js';

/** A longer list of values would leave the explanation no room beside it. */
const widestHelpValue = 20;
/** Stands for such a list, which then ends the explanation in parentheses. */
export const longForm = 'NAME';

function flagOf({ value, syntax, help, group = 'command' }: OwnOption): FlagInput[string] {
  const helpGroup = group.toUpperCase();
  if (value.kind === 'switch') return switchFlag({ description: help, helpGroup, allowNo: value.negatable });
  if (syntax.length <= widestHelpValue) return textFlag({ description: help, helpGroup, helpValue: syntax });
  return textFlag({ description: `${help} (${syntax.replaceAll('|', ' | ')})`, helpGroup, helpValue: longForm });
}

export const flagsOf = (options: readonly OwnOption[]): FlagInput =>
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

/** `ignoreStdin`: oclif would wait for a model on an open pipe. */
export const modelArgument: ArgInput = {
  model: textArgument({
    description: 'a model’s name, or a file: a profile of yours, or a configuration of another code base (as --import)',
    ignoreStdin: true,
  }),
};
