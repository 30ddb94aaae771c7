import { explainOptions, parseExplainOptions } from '../../explain/options.js';
import { ReportCommand } from '../command.js';
import { configurationFlags, flagsOf, modelArgument, traceFlag } from '../flags.js';

export default class ExplainCommand extends ReportCommand<'gc-plan/explain@1'> {
  static override summary = 'The timeline of one training step: what is alive at the peak, and why.';
  static override examples = [
    'gc-plan explain graphcast-small --gpu a100-40gb',
    'gc-plan explain physicsnemo-graphcast --by module --top 20',
    'gc-plan explain --trace step.trace.gz --by module',
    'gc-plan explain graphcast-small --checkpoint rollout --format html --output step.html',
  ];
  static override args = modelArgument;
  static override flags = { ...traceFlag, ...configurationFlags, ...flagsOf(explainOptions) };

  protected readonly report = 'gc-plan/explain@1';

  async run() {
    const { args, flags } = await this.typed();
    const { own, shared } = parseExplainOptions(flags);
    const { explain } = await import('../../services/explain.js');
    const { trace, ...rest } = shared;
    const traceFile = trace === undefined ? undefined : String(trace);
    return this.print(await explain({ traceFile, model: args.model, flags: rest, ...own }), 'yes');
  }
}
