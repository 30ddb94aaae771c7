import { choice } from '../../options/definitions/definition.js';
import { solvable } from '../../search/solve-values.js';
import { ReportCommand } from '../command.js';
import { configurationFlags, detailsFlag, flagsOf, modelArgument } from '../flags.js';

const keyFlag = flagsOf([
  {
    name: 'for',
    syntax: solvable.join('|'),
    value: choice(...solvable),
    help: 'What to find the largest value of (resolution: the finest, gpus: the fewest).',
  },
]);

export default class SolveCommand extends ReportCommand<'gc-plan/solve@1'> {
  static override summary = 'The largest batch, width, depth … that fits on a card, and the next one, which does not.';
  static override examples = [
    'gc-plan solve --for batch --gpu a100-40gb',
    'gc-plan solve graphcast-small --for hidden-dim --vram 24GB --runtime pytorch',
    'gc-plan solve physicsnemo-graphcast --for layers --gpu h100-80gb --json',
  ];
  static override args = modelArgument;
  static override flags = { ...keyFlag, ...detailsFlag, ...configurationFlags };

  protected readonly report = 'gc-plan/solve@1';

  async run() {
    const { args, flags } = await this.typed();
    const { solve } = await import('../../services/solve.js');
    const { for: key, ...shared } = flags;
    const report = await solve({ model: args.model, flags: shared, for: key === undefined ? undefined : String(key) });
    return this.print(report, report.best ? 'yes' : 'no');
  }
}
