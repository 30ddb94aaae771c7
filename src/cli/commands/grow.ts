import { growOptions } from '../../verify/grow/options.js';
import { ReportCommand } from '../command.js';
import { type Arguments, flagsOf, printFlags } from '../flags.js';

const twoFiles: Arguments = {
  source: { description: 'the trained checkpoint: .npz, or what torch.save wrote' },
  target: { description: 'the file to write' },
};

export default class GrowCommand extends ReportCommand<'gc-plan/grow@1'> {
  static override summary = 'Carries a checkpoint over to a wider or deeper model that computes the same.';
  static override examples = [
    'gc-plan grow params.npz grown.npz --hidden-dim 512 --layers 16',
    'gc-plan grow model.pt grown.pt --layers 16 --python ~/venv/bin/python',
    'gc-plan grow model.pt grown.pt --hidden-dim 1024 --heads 16 --json',
  ];
  static override args = twoFiles;
  static override flags = { ...flagsOf(growOptions), ...printFlags };

  protected readonly report = 'gc-plan/grow@1';

  async run() {
    const { args, flags } = await this.typed();
    const { grow } = await import('../../services/grow.js');
    return this.print(await grow({ source: args.source, target: args.target, flags, signal: this.io.signal }), 'yes');
  }
}
