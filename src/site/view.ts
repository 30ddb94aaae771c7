/** An estimate in the words and parts of the reports: text and HTML that the page puts where they belong. */
import { configLine } from '../reports/config-line.js';
import { estimateAnswer } from '../reports/estimate/answer.js';
import { onTheCard } from '../reports/estimate/chart.js';
import { accuracy, reasons } from '../reports/estimate/numbers.js';
import type { AnyEstimate } from '../reports/estimate/schema.js';
import { totals } from '../reports/estimate/totals.js';
import { dataTable, list } from '../reports/pages/blocks.js';
import { subject } from '../reports/subject.js';

export interface View {
  readonly tone: string;
  /** In one sentence, for the eye and for a screen reader. */
  readonly verdict: string;
  readonly text: Readonly<Record<'subject' | 'setting' | 'why' | 'peak' | 'accuracy' | 'command', string>>;
  readonly html: Readonly<Record<'bars' | 'numbers' | 'assumptions', string>>;
}

export function viewOf(estimate: AnyEstimate, command: string): View {
  const { config, peak, assumptions, verdict } = estimate;
  const { tone, head, rest } = estimateAnswer(estimate);
  return {
    tone,
    verdict: verdict.kind === 'unknown' ? head : head + rest,
    text: {
      subject: subject(config),
      setting: configLine(estimate),
      why:
        verdict.kind === 'unknown'
          ? 'Choose a card, and the page says whether it fits.'
          : `Why: ${reasons(estimate).join('; ')}.`,
      peak: `The peak is in ${peak.phase}, at ${peak.operation}.`,
      accuracy: accuracy(estimate),
      command,
    },
    html: {
      bars: onTheCard(estimate)
        .map(({ html }) => html)
        .join(''),
      numbers: dataTable('What each number counts', ['number', 'bytes', 'is'], totals(estimate), '<><').html,
      assumptions: list(assumptions.length > 0 ? assumptions : ['None beyond the configuration.']).html,
    },
  };
}
