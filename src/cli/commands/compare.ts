import { InputError } from '../../errors.js';
import type { Flags } from '../../options/typed.js';
import { ReportCommand } from '../command.js';
import { type Arguments, configurationFlags, detailsFlag, traceFlag } from '../flags.js';

const twoModels: Arguments = {
  first: { description: 'a model’s name, or a file' },
  second: { description: 'another one; flags of it alone go behind --' },
};

export default class CompareCommand extends ReportCommand<'gc-plan/compare@1'> {
  static override summary =
    'Two configurations side by side: what differs, by category and module, and because of what.';
  static override examples = [
    'gc-plan compare graphcast-small graphcast-operational --mode inference --gpu rtx-3090',
    'gc-plan compare graphcast-small --gpu rtx-4090 -- --hidden-dim 768 --batch 2',
    'gc-plan compare --trace before.trace.gz --gpu a100-40gb -- --trace after.trace.gz',
    'gc-plan compare physicsnemo-graphcast --gpu a100-80gb --format github -- --checkpoint none',
  ];
  static override args = twoModels;
  static override flags = { ...traceFlag, ...detailsFlag, ...configurationFlags };

  protected readonly report = 'gc-plan/compare@1';

  async run() {
    const whole = this.argv;
    const end = whole.indexOf('--');
    const [ofReport, ofSecond] = end === -1 ? [[], []] : howToPrint(whole.slice(end + 1));
    this.argv = end === -1 ? whole : [...whole.slice(0, end), ...ofReport];
    const { args, flags } = await this.typed();
    const changes = end === -1 ? {} : this.changes(ofSecond);
    this.argv = whole;
    const { compare, compareRecorded } = await import('../../services/compare.js');
    if (flags.trace !== undefined)
      return this.print(await compareRecorded({ model: args.first, flags, changes }), 'yes');
    return this.print(await compare({ models: [args.first, args.second], flags, changes }), 'yes');
  }

  /** What stands behind `--`: flags of the second configuration. */
  private changes(tokens: readonly string[]): Flags {
    const { args, flags } = this.tokens(tokens);
    if (args.first !== undefined)
      throw new InputError('unexpected-argument', `${args.first}: only flags stand behind --.`, [
        `gc-plan compare FIRST ${args.first} …`,
      ]);
    return flags;
  }
}

/** Of what stands behind `--`: flags that say how to print, which are of the comparison wherever they stand, and all others. */
function howToPrint(tokens: readonly string[]): readonly [readonly string[], readonly string[]] {
  const printing: string[] = [];
  const others: string[] = [];
  for (const [index, token] of tokens.entries()) {
    const isValue = /^--(format|output)$/.test(tokens[index - 1] ?? '');
    const isPrinting = isValue || /^--(json|details)$|^--(format|output)(=|$)/.test(token);
    (isPrinting ? printing : others).push(token);
  }
  return [printing, others];
}
