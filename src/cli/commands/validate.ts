import { ReportCommand } from '../command.js';
import { printFlags } from '../flags.js';

export default class ValidateCommand extends ReportCommand<'gc-plan/validate@1'> {
  static override summary = 'The accuracy tables of every runtime, computed again from the ground truth that ships.';
  static override examples = [
    'gc-plan validate',
    'gc-plan validate --json',
    'gc-plan validate --format html --output accuracy.html',
  ];
  static override flags = printFlags;

  protected readonly report = 'gc-plan/validate@1';

  async run() {
    await this.typed();
    const { validate } = await import('../../services/validate.js');
    const report = await validate();
    return this.print(report, report.passed ? 'yes' : 'no');
  }
}
