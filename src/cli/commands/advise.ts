import { ReportCommand } from '../command.js';
import { configurationFlags, detailsFlag, modelArgument, traceFlag } from '../flags.js';

export default class AdviseCommand extends ReportCommand<'gc-plan/advise@1'> {
  static override summary =
    'What makes a configuration fit on a card: every single change, and the cheapest combination.';
  static override examples = [
    'gc-plan advise graphcast-operational --gpu rtx-4090',
    'gc-plan advise physicsnemo-graphcast --gpu a100-40gb --precision bf16',
    'gc-plan advise --trace step.trace.gz --gpu rtx-4090',
    'gc-plan advise graphcast --rollout 12 --gpu a100-40gb --json',
  ];
  static override args = modelArgument;
  static override flags = { ...traceFlag, ...detailsFlag, ...configurationFlags };

  protected readonly report = 'gc-plan/advise@1';

  async run() {
    const { args, flags } = await this.typed();
    if (flags.trace !== undefined) {
      const { trace, ...rest } = flags;
      const { adviseRecorded } = await import('../../services/advise-recorded.js');
      const report = await adviseRecorded({ traceFile: String(trace), model: args.model, flags: rest });
      const settings = report.allocator ? [report.allocator.verdict] : [];
      const helps = [report.verdict, ...settings, ...report.recompute.map(({ verdict }) => verdict)];
      return this.print(report, helps.some(({ kind }) => kind === 'fits') ? 'yes' : 'no');
    }
    const { advise } = await import('../../services/advise.js');
    const report = await advise({ model: args.model, flags });
    return this.print(report, report.verdict.kind === 'fits' || report.cheapest ? 'yes' : 'no');
  }
}
