import { ReportCommand } from '../command.js';
import { printFlags } from '../flags.js';

export default class ProfilesCommand extends ReportCommand<'gc-plan/profiles@1'> {
  static override summary = 'The models, recipes and cards that gc-plan knows, with their sources.';
  static override examples = ['gc-plan profiles', 'gc-plan profiles --json', 'gc-plan profiles --output profiles.txt'];
  static override flags = printFlags;

  protected readonly report = 'gc-plan/profiles@1';

  async run() {
    await this.typed();
    const { profiles } = await import('../../services/profiles.js');
    return this.print(profiles(), 'yes');
  }
}
