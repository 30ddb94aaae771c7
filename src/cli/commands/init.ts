import { text, toggle } from '../../options/definitions/definition.js';
import { ReportCommand } from '../command.js';
import { flagsOf, printFlags } from '../flags.js';

const ownFlags = flagsOf([
  {
    name: 'gpu',
    syntax: 'NAME',
    help: 'The card, where nvidia-smi is not here to say it.',
    value: text('a100-40gb'),
  },
  {
    name: 'file',
    syntax: 'FILE',
    help: 'The plan file to write, gc-plan.yaml by default.',
    value: text('gc-plan.yaml'),
  },
  {
    name: 'force',
    syntax: '',
    help: 'Replace the file where there is one.',
    value: toggle,
  },
]);

export default class InitCommand extends ReportCommand<'gc-plan/init@1'> {
  static override summary = 'A plan file for the GPU of this machine, as a start for gc-plan check.';
  static override examples = [
    'gc-plan init',
    'gc-plan init --gpu a100-40gb',
    'gc-plan init --gpu rtx-4090 --file plans/desktop.yaml --force',
  ];
  static override flags = { ...ownFlags, ...printFlags };

  protected readonly report = 'gc-plan/init@1';

  async run() {
    const { flags } = await this.typed();
    const { init } = await import('../../services/init.js');
    const typed = (value: string | boolean | undefined) => (value === undefined ? undefined : String(value));
    const report = await init({ gpu: typed(flags.gpu), file: typed(flags.file), force: flags.force === true });
    return this.print(report, 'yes');
  }
}
