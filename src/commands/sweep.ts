import { ReportCommand } from '../cli/command.js';
import { configurationFlags, type FlagDefinition, flagsOf, modelArgument } from '../cli/flags.js';

const option = (name: string, syntax: string, example: string, help: string): FlagDefinition => ({
  name,
  syntax,
  help,
  value: { kind: 'text', example },
});

const ownFlags = flagsOf([
  option('from', 'HIDDEN/LAYERS', '256/8', 'Where the progressive plan starts, 256/8 by default.'),
  option('to', 'HIDDEN/LAYERS', '512/16', 'Where it ends, 512/16 by default.'),
]);

export default class SweepCommand extends ReportCommand<'gc-plan/sweep@1'> {
  static override summary =
    'Which configurations fit on a card, which are worth it, and the way from a small to a large one.';
  static override examples = [
    'gc-plan sweep --vram 24GB',
    'gc-plan sweep graphcast-small --gpu a100-40gb --from 256/8 --to 512/16',
    'gc-plan sweep physicsnemo-graphcast --gpu rtx-4090 --hidden-dim 128..512:128 --layers 4..16:4 --precision fp32,bf16',
  ];
  static override args = modelArgument;
  static override flags = { ...configurationFlags, ...ownFlags };

  protected readonly report = 'gc-plan/sweep@1';

  async run() {
    const { args, flags } = await this.typed();
    const { sweep } = await import('../services/sweep.js');
    const { from, to, ...shared } = flags;
    const report = await sweep({ model: args.model, flags: shared, from: text(from), to: text(to) });
    return this.print(report, report.candidates.fits > 0 ? 'yes' : 'no');
  }
}

const text = (value: string | boolean | undefined): string | undefined =>
  value === undefined ? undefined : String(value);
