/** What each rule of the lowering is worth: every compiled step priced without it. */
import { type Rule, rules } from '../../../src/runtimes/xla/rules.js';
import { quantile } from '../../statistics.js';
import { type PricedRecord, priceRecord } from './price.js';

export interface RuleWorth {
  readonly rule: Rule;
  readonly moved: number;
  /** Steps whose prediction is nearer without the rule. */
  readonly nearerWithout: number;
  /** Sizes of the errors of the steps that it moves, in percent. */
  readonly withRule: readonly number[];
  readonly without: readonly number[];
}

/** By the latency hiding scheduler, after which another rule of the order moves little but what it finds equally good. */
const isReordered = ({ record: { devices = 1, ar_steps, target } }: PricedRecord) =>
  devices > 1 && ar_steps === 1 && target === 'h100';

export const worthOfRules = (priced: readonly PricedRecord[]): readonly RuleWorth[] =>
  (Object.keys(rules) as Rule[]).map((rule) => {
    const pairs = priced
      .filter((each) => rule === 'latencyHiding' || !isReordered(each))
      .map(({ record, errorPercent }) => [errorPercent, priceRecord(record, rule).errorPercent].map(Math.abs))
      .filter(([with_, without]) => with_ !== without);
    return {
      rule,
      moved: pairs.length,
      nearerWithout: pairs.filter(([with_, without]) => without! < with_!).length,
      withRule: pairs.map(([with_]) => with_!),
      without: pairs.map(([, without]) => without!),
    };
  });

const shown = (errors: readonly number[], of: (errors: readonly number[]) => number): string =>
  errors.length === 0 ? '–' : of(errors).toFixed(2);
const median = (errors: readonly number[]) => quantile(errors, 0.5);
const worst = (errors: readonly number[]) => Math.max(...errors);

export function ruleTable(worths: readonly RuleWorth[]): string {
  const rows = worths.map(({ rule, moved, nearerWithout, withRule, without }) => {
    const figures = [median, worst].flatMap((of) => [shown(withRule, of), shown(without, of)]);
    return `| ${rule} | ${rules[rule]} | ${moved} | ${nearerWithout} | ${figures.join(' | ')} |`;
  });
  return [
    '| rule | cause | steps moved | nearer without | median % | without | worst % | without |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
