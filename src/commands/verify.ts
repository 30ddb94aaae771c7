import { ReportCommand } from '../cli/command.js';
import { configurationFlags, flagsOf, modelArgument } from '../cli/flags.js';
import { verifyOptions } from '../verify/options.js';
import { progressBar } from '../verify/progress.js';

export default class VerifyCommand extends ReportCommand<'gc-plan/verify@1'> {
  static override summary = 'Runs real training steps and compares them with the estimate, byte by byte.';
  static override examples = [
    'gc-plan verify',
    'gc-plan verify tiny --hidden-dim 64 --layers 8 --tape lean --checkpoint processor:every=2',
    'gc-plan verify --ladder --backend node',
  ];
  static override args = modelArgument;
  static override flags = { ...flagsOf(verifyOptions), ...configurationFlags };

  protected readonly report = 'gc-plan/verify@1';

  async run() {
    const { args, flags } = await this.typed();
    const { verify } = await import('../services/verify.js');
    const bar = progressBar(this.io.stderr, Number(flags.steps ?? 3));
    const report = await verify({ model: args.model, flags }, { signal: this.io.signal, onProgress: bar.show }).finally(
      bar.clear,
    );
    return this.print(report, report.verdict.kind === 'within' ? 'yes' : 'no');
  }
}
