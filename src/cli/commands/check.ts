import { choice, text, toggle } from '../../options/definitions/definition.js';
import { ReportCommand } from '../command.js';
import { detailsFlag, flagsOf, printFlags } from '../flags.js';

const ownFlags = flagsOf([
  {
    name: 'max-growth',
    syntax: 'PERCENT',
    help: 'Live bytes may exceed the baseline’s by this much: the plan’s max-growth, or 2%.',
    value: text('2%'),
  },
  {
    name: 'update-baseline',
    syntax: '',
    help: 'Accept the numbers of this run: write them to the baseline file, for the next commit.',
    value: toggle,
  },
  {
    name: 'format',
    syntax: 'table|json|github|junit',
    help: 'github: annotations and a step summary.',
    group: 'report',
    value: choice('table', 'json', 'github', 'junit'),
  },
]);

export default class CheckCommand extends ReportCommand<'gc-plan/check@1'> {
  static override summary = 'A committed plan file against its cards, budgets and baseline; for pull requests.';
  static override examples = [
    'gc-plan check',
    'gc-plan check plans/gc-plan.yaml --max-growth 2% --format github',
    'gc-plan check --update-baseline',
  ];
  static override args = {
    planfile: {
      description: 'the plan file; gc-plan.json, gc-plan.yaml or gc-plan.yml by default',
    },
  };
  static override flags = { ...ownFlags, ...detailsFlag, ...printFlags, format: ownFlags.format! };

  protected readonly report = 'gc-plan/check@1';

  async run() {
    const { args, flags } = await this.typed();
    const { check } = await import('../../services/check.js');
    const maxGrowth = flags['max-growth'];
    const report = await check({
      planFile: args.planfile,
      maxGrowth: maxGrowth === undefined ? undefined : String(maxGrowth),
      updateBaseline: flags['update-baseline'] === true,
    });
    return this.print(report, report.passed ? 'yes' : 'no');
  }
}
