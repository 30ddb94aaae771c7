import { integer, type OwnOption, text, toggle } from '../../options/definitions/definition.js';
import { parseOption } from '../../options/option-values.js';
import { ReportCommand } from '../command.js';
import { configurationFlags, flagsOf, modelArgument, traceFlag } from '../flags.js';

const ownOptions: readonly OwnOption[] = [
  {
    name: 'prices',
    syntax: 'FILE',
    value: text('prices.json'),
    help: 'Your prices per hour, {"a100-40gb": 1.29, …}, instead of the dated list prices that ship.',
  },
  {
    name: 'top',
    syntax: 'N',
    value: integer(1, 1_000, '8'),
    help: 'How many of those that fit are listed, as many as a page of 45 lines holds by default.',
  },
  { name: 'all', syntax: '', value: toggle, help: 'A line for every card, also for those on which it does not fit.' },
];
const ownFlags = flagsOf(ownOptions);
const { gpu: _gpu, vram: _vram, architecture: _architecture, ...sharedFlags } = configurationFlags;

export default class CardsCommand extends ReportCommand<'gc-plan/cards@1'> {
  static override summary =
    'Every card: whether it fits, what is spare, and what it costs to rent; the cheapest first.';
  static override examples = [
    'gc-plan cards graphcast-small',
    'gc-plan cards graphcast-operational --mode inference',
    'gc-plan cards --trace step.trace.gz',
    'gc-plan cards physicsnemo-graphcast --prices prices.json --json',
  ];
  static override args = modelArgument;
  static override flags = { ...traceFlag, ...ownFlags, ...sharedFlags };

  protected readonly report = 'gc-plan/cards@1';

  async run() {
    const { args, flags } = await this.typed();
    const { cards, cardsRecorded } = await import('../../services/cards.js');
    const { prices, top, all = false, trace, ...shared } = flags;
    const most = top === undefined ? undefined : Number(parseOption(ownOptions[1]!, top));
    const input = {
      model: args.model,
      flags: shared,
      ...(prices !== undefined && { prices: String(prices) }),
      all: Boolean(all),
      ...(most !== undefined && { top: most }),
    };
    const report = await (trace === undefined ? cards(input) : cardsRecorded({ ...input, traceFile: String(trace) }));
    return this.print(report, report.cheapest === undefined ? 'no' : 'yes');
  }
}
