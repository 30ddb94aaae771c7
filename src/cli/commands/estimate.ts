import { isYes } from '../../reports/estimate/verdict.js';
import { estimate } from '../../services/estimate.js';
import { ReportCommand } from '../command.js';
import { configurationFlags, detailsFlag, modelArgument, traceFlag } from '../flags.js';
import type { Typed } from '../parse.js';

export default class EstimateCommand extends ReportCommand<'gc-plan/estimate@1'> {
  static override summary = 'Peak GPU memory of one configuration, where it goes, and whether it fits.';
  static override examples = [
    'gc-plan estimate graphcast-small --gpu a100-40gb',
    'gc-plan estimate physicsnemo-graphcast --vram 24GB --precision bf16 --checkpoint encoder+decoder',
    'gc-plan estimate --trace step.trace.gz --gpu a100-40gb',
    'gc-plan estimate graphcast-small --hidden-dim 256 --layers 8 --gpu rtx-4090 --json',
  ];
  static override args = modelArgument;
  static override flags = { ...traceFlag, ...detailsFlag, ...configurationFlags };

  protected readonly report = 'gc-plan/estimate@1';

  async run() {
    const { args, flags } = await this.typed();
    const report = await this.estimated(args.model, flags);
    return this.print(report, isYes(report) ? 'yes' : 'no');
  }

  private async estimated(model: string | undefined, { trace, ...flags }: Typed['flags']) {
    if (trace === undefined) return estimate({ model, flags });
    const { recordedStep } = await import('../../services/recorded.js');
    return (await recordedStep({ traceFile: String(trace), model, flags })).estimate;
  }
}
