import { printable } from '../../config/printable.js';
import { parseSweepOptions, sweepOptions } from '../../search/options.js';
import { ReportCommand } from '../command.js';
import { configurationFlags, detailsFlag, flagsOf, modelArgument } from '../flags.js';
import { candidatesBar } from '../progress.js';

export default class SweepCommand extends ReportCommand<'gc-plan/sweep@1'> {
  static override summary =
    'Which configurations fit on a card, which are worth it, and the way from a small to a large one.';
  static override examples = [
    'gc-plan sweep --vram 24GB',
    'gc-plan sweep graphcast-small --gpu a100-40gb,l40s --from 256/8 --to 512/16',
    'gc-plan sweep anemoi-gnn --gpu a100-40gb --export anemoi --output-dir plan',
    "gc-plan sweep --gpu rtx-4090 --hidden-dim 128..512:128 --precision fp32,bf16 --require 'batch>=2'",
  ];
  static override args = modelArgument;
  static override flags = { ...flagsOf(sweepOptions), ...detailsFlag, ...configurationFlags };

  protected readonly report = 'gc-plan/sweep@1';

  async run() {
    const { args, flags } = await this.typed();
    const { sweep } = await import('../../services/sweep.js');
    const bar = await candidatesBar(this.io);
    const { outputDir, ...options } = parseSweepOptions(flags);
    const report = await sweep({
      model: args.model,
      ...options,
      signal: this.io.signal,
      onProgress: bar.update,
    }).finally(bar.stop);
    if (outputDir !== undefined) {
      const { writePlan } = await import('../../services/plan-directory.js');
      this.io.stderr.write(`${printable(writePlan(outputDir, report))}\n`);
    }
    return this.print(report, report.candidates.fits > 0 ? 'yes' : 'no');
  }
}
